"""Remembering what was worked out from clients' texts, without letting the texts fill the memory."""

from collections.abc import Callable, Sized
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

First = TypeVar("First", bound=Sized)
Rest = ParamSpec("Rest")
Result = TypeVar("Result")

LONGEST = 512


def remembered(
    most: int,
) -> Callable[[Callable[Concatenate[First, Rest], Result]], Callable[Concatenate[First, Rest], Result]]:
    """`lru_cache` for a function whose first argument a client wrote: a long one is worked out each time."""

    def decorate(function: Callable[Concatenate[First, Rest], Result]) -> Callable[Concatenate[First, Rest], Result]:
        kept: Callable[..., Any] = lru_cache(maxsize=most)(function)

        @wraps(function)
        def call(first: First, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
            found: Result = (kept if len(first) <= LONGEST else function)(first, *args, **kwargs)
            return found

        return call

    return decorate
