"""What can be wrong with a request, as this dialect lists it: `{"type", "loc", "msg", "input", "ctx"?}`."""

from collections.abc import Mapping, Sequence
from typing import Any

Fault = Mapping[str, Any]


class Faults(Exception):
    """The request breaks its declared shape; nothing was done."""

    def __init__(self, details: Sequence[Fault]) -> None:
        super().__init__(f"{len(details)} faults")
        self.details = tuple(details)


class TooLarge(Exception):
    """The body is above the bound and was never read."""


def missing(loc: Sequence[str | int], value: object) -> Fault:
    return {"type": "missing", "loc": tuple(loc), "msg": "Field required", "input": value}


def json_invalid(position: int, reason: str) -> Fault:
    return {
        "type": "json_invalid",
        "loc": ("body", position),
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": reason},
    }


def refused(loc: Sequence[str | int], message: str, value: object) -> Fault:
    """A rule of the domain that the input breaks."""
    return {"type": "value_error", "loc": tuple(loc), "msg": message, "input": value, "ctx": {"error": message}}
