"""Where profiles of mirrored projects are kept: the shared cache ("in-memory"), Redis or the database.

Every store answers and takes `{experiment id: variation id}`; which one is used is a setting.
"""

import json
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import redis

from users import shared_memory
from users.models import UserProfile

logger = logging.getLogger(__name__)

SPACE = "profile"
ORDER = "profile-order"
REDIS_SECONDS = 5.0

Arms = Mapping[str, str]


class Store(Protocol):
    def get(self, *, project_id: int, user_id: str) -> Arms: ...

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None: ...


class CacheStore:
    """Shared by the worker processes, so that it behaves like one process's memory.

    Of a full store (`capacity`; 0 is never full) the profile that came first goes, or the last with `drops_newest`.
    """

    def __init__(self, capacity: int = 0, drops_newest: bool = False) -> None:
        self._capacity = capacity
        self._drops_newest = drops_newest

    def get(self, *, project_id: int, user_id: str) -> Arms:
        return shared_memory.get(SPACE, project_id=project_id, key=user_id) or {}

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        if self._capacity > 0:
            self._make_room(project_id, user_id)
        shared_memory.put(SPACE, dict(arms), project_id=project_id, key=user_id)

    def _make_room(self, project_id: int, user_id: str) -> None:
        known: list[str] = shared_memory.get(ORDER, project_id=project_id, key="") or []
        if user_id in known:
            return
        while len(known) >= self._capacity:
            gone = known.pop(-1 if self._drops_newest else 0)
            shared_memory.put(SPACE, None, project_id=project_id, key=gone, seconds=0)
        shared_memory.put(ORDER, [*known, user_id], project_id=project_id, key="")


class DatabaseStore:
    """Rows of `UserProfile`, for good."""

    def get(self, *, project_id: int, user_id: str) -> Arms:
        row = UserProfile.objects.filter(project_id=project_id, external_id=user_id).first()
        return {} if row is None else from_bucket_map(row.bucket_map)

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        UserProfile.objects.update_or_create(
            project_id=project_id, external_id=user_id, defaults={"bucket_map": to_bucket_map(arms)}
        )


class RedisStore:
    """The original's layout: the key is the user id, the value the JSON of its bucket map, without expiry.

    A Redis that is away knows nobody, and what it holds that is no profile counts as none.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def get(self, *, project_id: int, user_id: str) -> Arms:
        try:
            text: Any = self._client.get(user_id)
            found = json.loads(text) if text else {}
        except (redis.RedisError, ValueError):
            logger.warning("A profile cannot be read from Redis", exc_info=True)
            return {}
        return from_bucket_map(found) if isinstance(found, dict) else {}

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        try:
            self._client.set(user_id, json.dumps(to_bucket_map(arms)))
        except redis.RedisError:
            logger.warning("A profile was not written to Redis", exc_info=True)


def to_bucket_map(arms: Arms) -> dict[str, dict[str, str]]:
    return {experiment: {"variation_id": variation} for experiment, variation in arms.items()}


def from_bucket_map(bucket_map: Mapping[str, Any]) -> Arms:
    return {
        experiment: entry["variation_id"]
        for experiment, entry in bucket_map.items()
        if isinstance(entry, dict) and isinstance(entry.get("variation_id"), str)
    }


@lru_cache(maxsize=8)
def _redis(host: str, password: str, database: int) -> redis.Redis:
    name, _, port = host.partition(":")
    return redis.Redis(
        host=name, port=int(port or 6379), password=password or None, db=database, socket_timeout=REDIS_SECONDS
    )


def _redis_store(config: Mapping[str, Any]) -> Store:
    password = config.get("auth_token") or config.get("redis_secret") or config.get("password") or ""
    return RedisStore(_redis(config["host"], password, int(config.get("database", 0))))


def _cache_store(config: Mapping[str, Any]) -> Store:
    return CacheStore(int(config.get("capacity") or 0), config.get("storageStrategy") == "lifo")


_STORES: Mapping[str, Callable[[Mapping[str, Any]], Store]] = {
    "in-memory": _cache_store,
    "database": lambda config: DatabaseStore(),
    "redis": _redis_store,
}


NAMES = frozenset(_STORES)


def store(name: str, config: Mapping[str, Any]) -> Store:
    """The store a setting names. Raises KeyError for a name there is no store for."""
    return _STORES[name](config)
