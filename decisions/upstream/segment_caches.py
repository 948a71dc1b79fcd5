"""Where fetched segments are kept for a while, in this process; `redis_segments` keeps them for all."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Protocol


class Cache(Protocol):
    """One for all projects; each has a platform of its own, on which the same id may be somebody else."""

    def get(self, user_id: str, *, project_id: int) -> Sequence[str] | None: ...

    def put(self, user_id: str, segments: Sequence[str], *, project_id: int) -> None: ...

    def clear(self, *, project_id: int) -> None: ...


class MemoryCache:
    """The `size` persons asked about last, each for `seconds`; 0 seconds keep for good."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._kept: OrderedDict[tuple[int, str], tuple[float, tuple[str, ...]]] = OrderedDict()
        self._lock = Lock()

    def get(self, user_id: str, *, project_id: int) -> Sequence[str] | None:
        key = (project_id, user_id)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or (self._seconds and kept[0] <= time.monotonic()):
                self._kept.pop(key, None)
                return None
            self._kept.move_to_end(key)
            return kept[1]

    def put(self, user_id: str, segments: Sequence[str], *, project_id: int) -> None:
        key = (project_id, user_id)
        with self._lock:
            self._kept[key] = (time.monotonic() + self._seconds, tuple(segments))
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self, *, project_id: int) -> None:
        with self._lock:
            for key in [key for key in self._kept if key[0] == project_id]:
                del self._kept[key]
