"""Remembering what was worked out from clients' texts, without letting the texts fill the memory."""

from collections.abc import Callable, Sized
from functools import lru_cache, wraps
from typing import Any, TypeVar, TypeVarTuple

First = TypeVar("First", bound=Sized)
Rest = TypeVarTuple("Rest")
Result = TypeVar("Result")

LONGEST = 512


def remembered(most: int) -> Callable[[Callable[[First, *Rest], Result]], Callable[[First, *Rest], Result]]:
    """`lru_cache` for a function whose first argument a client wrote: a long one is worked out each time."""

    def decorate(function: Callable[[First, *Rest], Result]) -> Callable[[First, *Rest], Result]:
        kept: Callable[..., Any] = lru_cache(maxsize=most)(function)

        @wraps(function)
        def call(first: First, *rest: *Rest) -> Result:
            found: Result = (kept if len(first) <= LONGEST else function)(first, *rest)
            return found

        return call

    return decorate
