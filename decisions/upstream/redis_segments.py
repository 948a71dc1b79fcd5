"""Fetched segments in Redis as the original keeps them (agent contract §4.6). Imported only where it is configured.

A Redis that is away is a cache without anything in it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson
import redis

PREFIX = "fs_user_id-$-"
PATIENCE = 5


class RedisCache:
    """Keys `fs_user_id-$-<user>` with a JSON list; nobody's empty list is stored.

    They name no project. Clearing deletes these keys only: the original empties the whole database.
    """

    def __init__(self, client: redis.Redis, seconds: float) -> None:
        self._client = client
        self._seconds = seconds

    def get(self, user_id: str, *, project_id: int) -> Sequence[str] | None:
        try:
            text: Any = self._client.get(PREFIX + user_id)
            segments = orjson.loads(text) if text else None
        except (redis.RedisError, ValueError):
            return None
        return [str(each) for each in segments] if isinstance(segments, list) else None

    def put(self, user_id: str, segments: Sequence[str], *, project_id: int) -> None:
        if segments:
            milliseconds = int(self._seconds * 1000) or None
            with suppress(redis.RedisError):
                self._client.set(PREFIX + user_id, orjson.dumps(list(segments)), px=milliseconds)

    def clear(self, *, project_id: int) -> None:
        pattern = PREFIX.replace("$", "[$]") + "*"
        with suppress(redis.RedisError):
            for key in self._client.scan_iter(match=pattern, count=1000):
                self._client.delete(key)


def cache(host: str, *, password: str | None, database: int, seconds: float) -> RedisCache:
    """`host` may name a port; segments are kept for `seconds`."""
    name, _, port = host.partition(":")
    client = redis.Redis(host=name, port=int(port or 6379), password=password, db=database, socket_timeout=PATIENCE)
    return RedisCache(client, seconds)
