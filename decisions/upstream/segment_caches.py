"""Where fetched segments are kept for a while: in this process, or in Redis as the original keeps them.

A Redis that is away is a cache without anything in it.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, Protocol

import orjson
import redis

PREFIX = "fs_user_id-$-"


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


class RedisCache:
    """Keys `fs_user_id-$-<user>` with a JSON list; nobody's empty list is stored.

    Clearing deletes these keys only: the original empties the whole database.
    """

    def __init__(self, client: redis.Redis, seconds: float) -> None:
        self._client = client
        self._seconds = seconds

    def get(self, user_id: str) -> Sequence[str] | None:
        try:
            text: Any = self._client.get(PREFIX + user_id)
            segments = orjson.loads(text) if text else None
        except (redis.RedisError, ValueError):
            return None
        return [str(each) for each in segments] if isinstance(segments, list) else None

    def put(self, user_id: str, segments: Sequence[str]) -> None:
        if segments:
            milliseconds = int(self._seconds * 1000) or None
            with suppress(redis.RedisError):
                self._client.set(PREFIX + user_id, orjson.dumps(list(segments)), px=milliseconds)

    def clear(self) -> None:
        pattern = PREFIX.replace("$", "[$]") + "*"
        with suppress(redis.RedisError):
            for key in self._client.scan_iter(match=pattern, count=1000):
                self._client.delete(key)
