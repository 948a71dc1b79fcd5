"""Where profiles of mirrored projects are kept: the shared cache ("in-memory"), Redis or the database.

Every store answers and takes `{experiment id: variation id}`; which one is used is a setting.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import redis

from users import shared_memory
from users.models import UserProfile

SPACE = "profile"

Arms = Mapping[str, str]


class Store(Protocol):
    def get(self, *, project_id: int, user_id: str) -> Arms: ...

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None: ...


class CacheStore:
    """Shared by the worker processes, so that it behaves like one process's memory."""

    def get(self, *, project_id: int, user_id: str) -> Arms:
        return shared_memory.get(SPACE, project_id=project_id, key=user_id) or {}

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        shared_memory.put(SPACE, dict(arms), project_id=project_id, key=user_id)


class DatabaseStore:
    """Rows of `UserProfile`, for good."""

    def get(self, *, project_id: int, user_id: str) -> Arms:
        row = UserProfile.objects.filter(project_id=project_id, external_id=user_id).first()
        return {} if row is None else _from_bucket_map(row.bucket_map)

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        UserProfile.objects.update_or_create(
            project_id=project_id, external_id=user_id, defaults={"bucket_map": _to_bucket_map(arms)}
        )


class RedisStore:
    """The original's layout: the key is the user id, the value the JSON of its bucket map, without expiry."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def get(self, *, project_id: int, user_id: str) -> Arms:
        text: Any = self._client.get(user_id)
        return _from_bucket_map(json.loads(text)) if text else {}

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        self._client.set(user_id, json.dumps(_to_bucket_map(arms)))


def _to_bucket_map(arms: Arms) -> dict[str, dict[str, str]]:
    return {experiment: {"variation_id": variation} for experiment, variation in arms.items()}


def _from_bucket_map(bucket_map: Mapping[str, Any]) -> Arms:
    return {
        experiment: entry["variation_id"]
        for experiment, entry in bucket_map.items()
        if isinstance(entry, dict) and isinstance(entry.get("variation_id"), str)
    }


@lru_cache(maxsize=8)
def _redis(host: str, password: str, database: int) -> redis.Redis:
    name, _, port = host.partition(":")
    return redis.Redis(host=name, port=int(port or 6379), password=password or None, db=database)


def _redis_store(config: Mapping[str, Any]) -> Store:
    password = config.get("auth_token") or config.get("redis_secret") or config.get("password") or ""
    return RedisStore(_redis(config["host"], password, int(config.get("database", 0))))


_STORES: Mapping[str, Callable[[Mapping[str, Any]], Store]] = {
    "in-memory": lambda config: CacheStore(),
    "database": lambda config: DatabaseStore(),
    "redis": _redis_store,
}


def store(name: str, config: Mapping[str, Any]) -> Store:
    """The store a setting names. Raises KeyError for a name there is no store for."""
    return _STORES[name](config)
