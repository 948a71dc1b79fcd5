"""Profiles in Redis, as the original keeps them. Imported only where a server is configured so."""

import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import redis

from users.bucket_maps import Arms, from_bucket_map, to_bucket_map

logger = logging.getLogger(__name__)

PATIENCE = 5.0


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


def store(config: Mapping[str, Any]) -> RedisStore:
    """`config` names `host`, `database` and a password, as the original's configuration does."""
    password = config.get("auth_token") or config.get("redis_secret") or config.get("password") or ""
    return RedisStore(_redis(config["host"], password, int(config.get("database", 0))))


@lru_cache(maxsize=8)
def _redis(host: str, password: str, database: int) -> redis.Redis:
    name, _, port = host.partition(":")
    return redis.Redis(
        host=name, port=int(port or 6379), password=password or None, db=database, socket_timeout=PATIENCE
    )
