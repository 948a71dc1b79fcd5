"""The other services a decision may ask, as they are configured: predictions and segments."""

from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from typing import Any

import orjson
import redis
from django.conf import settings

from config.durations import seconds_in
from decisions.predicting import Service
from decisions.segment_caches import Cache, MemoryCache, RedisCache
from decisions.segments import Source


def predictions(options: Set[str]) -> Service:
    """The prediction service, with what a client's decide options wish of kept predictions."""
    return Service(
        endpoint=settings.AGENT_CMAB_ENDPOINT,
        seconds=settings.AGENT_CMAB_SECONDS,
        kept_seconds=settings.AGENT_CMAB_CACHE_SECONDS,
        ignores_kept="IGNORE_CMAB_CACHE" in options,
        renews="INVALIDATE_USER_CMAB_CACHE" in options,
    )


def segment_source(cache_name: str | None) -> Source:
    """The platform that knows segments; `cache_name` is what the client's header names, None for the default cache."""
    config = settings.AGENT_SEGMENTS_CACHE
    name = config.get("default", "") if cache_name is None else cache_name
    known = config.get("services", {})
    cache = _cache(name, orjson.dumps(known[name])) if name in known and name in _CACHES else None
    return Source(settings.AGENT_ODP_HOST, settings.AGENT_SEGMENTS_SECONDS, cache, settings.AGENT_ODP_OFF)


@lru_cache(maxsize=16)
def _cache(name: str, config: bytes) -> Cache:
    return _CACHES[name](orjson.loads(config))


def _memory(config: Mapping[str, Any]) -> Cache:
    return MemoryCache(int(config.get("size", 10_000)), seconds_in(str(config.get("timeout", "600s"))))


def _redis(config: Mapping[str, Any]) -> Cache:
    host, _, port = str(config.get("host", "localhost")).partition(":")
    password = config.get("auth_token") or config.get("redis_secret") or config.get("password") or None
    client = redis.Redis(
        host=host, port=int(port or 6379), password=password, db=int(config.get("database", 0)), socket_timeout=5
    )
    return RedisCache(client, seconds_in(str(config.get("timeout", "600s"))))


_CACHES: Mapping[str, Callable[[Mapping[str, Any]], Cache]] = {"in-memory": _memory, "redis": _redis}
