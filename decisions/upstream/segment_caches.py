"""Where fetched segments are kept for a while, in this process; `redis_segments` keeps them for all."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Protocol


class Cache(Protocol):
    def get(self, user_id: str) -> Sequence[str] | None: ...

    def put(self, user_id: str, segments: Sequence[str]) -> None: ...

    def clear(self) -> None: ...


class MemoryCache:
    """The `size` persons asked about last, each for `seconds`; 0 seconds keep for good."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def get(self, user_id: str) -> Sequence[str] | None:
        with self._lock:
            kept = self._kept.get(user_id)
            if kept is None or (self._seconds and kept[0] <= time.monotonic()):
                self._kept.pop(user_id, None)
                return None
            self._kept.move_to_end(user_id)
            return kept[1]

    def put(self, user_id: str, segments: Sequence[str]) -> None:
        with self._lock:
            self._kept[user_id] = (time.monotonic() + self._seconds, tuple(segments))
            self._kept.move_to_end(user_id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
