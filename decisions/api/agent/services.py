"""The other services a decision may ask, as they are configured: predictions and segments."""

from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from config.durations import seconds_in
from decisions.compile import Snapshot
from decisions.engine.values import Predict
from decisions.upstream import predicting
from decisions.upstream.predicting import Service
from decisions.upstream.segment_caches import Cache, MemoryCache
from decisions.upstream.segments import Source


def predictor(snapshot: Snapshot, options: Set[str]) -> Predict | None:
    """What asks for predictions, as the client's decide options wish; None in a project without bandits."""
    if not any(rule.cmab for rule in snapshot.engine.datafile.experiments):
        return None
    if "RESET_CMAB_CACHE" in options:
        predicting.forget(snapshot)
    service = Service(
        endpoint=settings.AGENT_CMAB_ENDPOINT,
        seconds=settings.AGENT_CMAB_SECONDS,
        kept_seconds=settings.AGENT_CMAB_CACHE_SECONDS,
        ignores_kept="IGNORE_CMAB_CACHE" in options,
        renews="INVALIDATE_USER_CMAB_CACHE" in options,
    )
    return predicting.predictor(snapshot, service)


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
    from decisions.upstream import redis_segments  # it is heavy, and where there is no Redis nobody needs it

    password = config.get("auth_token") or config.get("redis_secret") or config.get("password") or None
    return redis_segments.cache(
        str(config.get("host", "localhost")),
        password=password,
        database=int(config.get("database", 0)),
        seconds=seconds_in(str(config.get("timeout", "600s"))),
    )


_CACHES: Mapping[str, Callable[[Mapping[str, Any]], Cache]] = {"in-memory": _memory, "redis": _redis}
