"""Reading values into declared shapes: the only door to msgspec's converters and decoders.

They learn a shape when they first meet it, and two threads that meet it at once crash the process (msgspec 0.22). Here
one thread learns it and the others wait.
"""

import contextlib
import threading
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")

_learnt: set[Any] = set()
_decoders: dict[Any, "msgspec.json.Decoder[Any]"] = {}
_learning = threading.Lock()


def convert(value: object, shape: type[Shape]) -> Shape:
    """Decoded JSON as `shape`. Raises what `msgspec.convert` raises."""
    if shape not in _learnt:
        _learn(shape)
    return msgspec.convert(value, shape)


def decoder(shape: type[Shape]) -> "msgspec.json.Decoder[Shape]":
    """The decoder of a shape, one for all threads."""
    found = _decoders.get(shape)
    if found is None:
        _learn(shape)
        found = _decoders[shape] = msgspec.json.Decoder(shape)
    return found


def _learn(shape: Any) -> None:
    with _learning:
        if shape not in _learnt:
            with contextlib.suppress(msgspec.ValidationError):
                msgspec.convert(None, shape)  # whatever comes of it, the shape is known then
            _learnt.add(shape)
