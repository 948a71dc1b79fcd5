"""Whether anybody listens to a project: a byte of memory that all processes of this machine share.

The streams process writes it, every decision reads it, so what nobody listens to costs one look. A byte may stand for
several SDK keys: then something is told in vain.
"""

import mmap
import os
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from zlib import crc32

from events.notices import places

SLOTS = 4096
LOOK_AGAIN_SECONDS = 1.0
SHUT = bytes(SLOTS)


@lru_cache(maxsize=4096)
def _slot(sdk_key: str) -> int:
    return crc32(sdk_key.encode("utf-8", "surrogatepass")) % SLOTS


class Gate:
    """The shared memory behind one file."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT
        with os.fdopen(os.open(path, flags, 0o600), "r+b") as file:
            if os.fstat(file.fileno()).st_size < SLOTS:
                file.truncate(SLOTS)
            self._bytes = mmap.mmap(file.fileno(), SLOTS)

    def is_open(self, sdk_key: str) -> bool:
        return self._bytes[_slot(sdk_key)] != 0

    def open_for(self, sdk_keys: Iterable[str]) -> None:
        """Exactly these are listened to from now on."""
        slots = bytearray(SHUT)
        for sdk_key in sdk_keys:
            slots[_slot(sdk_key)] = 1
        self._bytes[:] = bytes(slots)


_gate: Gate | None = None
_look_at = 0.0


def is_open(sdk_key: str) -> bool:
    """Whether somebody may listen to this SDK key; never where there is no streams process."""
    return _gate.is_open(sdk_key) if _gate is not None else _found() and is_open(sdk_key)


def _found() -> bool:
    """Look for the gate that the streams process made, once a second at most."""
    global _gate, _look_at
    now = time.monotonic()
    if now < _look_at:
        return False
    _look_at = now + LOOK_AGAIN_SECONDS
    if places.gate().exists():
        _gate = Gate(places.gate())
    return _gate is not None


def forget() -> None:
    """Look for the gate anew."""
    global _gate, _look_at
    _gate, _look_at = None, 0.0
