"""Where profiles of mirrored projects are kept: the shared cache ("in-memory"), Redis or the database.

Every store answers and takes `{experiment id: variation id}`; which one is used is a setting.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from experiments import texts
from users import shared_memory
from users.bucket_maps import Arms, from_bucket_map, to_bucket_map
from users.models import UserProfile

logger = logging.getLogger(__name__)

SPACE = "profile"
ORDER = "profile-order"


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
            with shared_memory.turn(ORDER, project_id=project_id, key=""):
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
    """Rows of `UserProfile`, for good. `put` raises Invalid for texts that no column holds."""

    def get(self, *, project_id: int, user_id: str) -> Arms:
        row = UserProfile.objects.filter(project_id=project_id, external_id=user_id).first()
        return {} if row is None else from_bucket_map(row.bucket_map)

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        texts.check(user_id, field="userId")
        texts.check(*arms.keys(), *arms.values(), field="experimentBucketMap")
        UserProfile.objects.update_or_create(
            project_id=project_id, external_id=user_id, defaults={"bucket_map": to_bucket_map(arms)}
        )


def _redis_store(config: Mapping[str, Any]) -> Store:
    from users.redis_profiles import store  # it is heavy, and where there is no Redis nobody needs it

    return store(config)


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
