"""Small things that need not outlive a reset, shared by all processes through Django's cache.

A space holds values of one kind by key (a user id, mostly). Every value carries the epoch of its space in its project,
so that all of them are forgotten in one write.
"""

from hashlib import sha256
from typing import Any

from django.core.cache import cache


def get(space: str, *, project_id: int, key: str) -> Any:
    """What was put there, None when nothing was or all of it was forgotten since. One read."""
    epoch_key, value_key = _epoch_key(space, project_id), _value_key(space, project_id, key)
    found = cache.get_many([epoch_key, value_key])
    epoch, value = found.get(value_key, (None, None))
    return value if epoch == found.get(epoch_key, 0) else None


def put(space: str, value: Any, *, project_id: int, key: str, seconds: float | None = None) -> None:
    """Keep a value, for good unless `seconds` are given."""
    epoch = cache.get(_epoch_key(space, project_id), 0)
    cache.set(_value_key(space, project_id, key), (epoch, value), timeout=seconds)


def forget(space: str, *, project_id: int) -> None:
    """Forget everything of one kind. Two at once forget once."""
    cache.add(_epoch_key(space, project_id), 0, timeout=None)
    cache.incr(_epoch_key(space, project_id))


def _epoch_key(space: str, project_id: int) -> str:
    return f"epoch:{space}:{project_id}"


def _value_key(space: str, project_id: int, key: str) -> str:
    """Hashed, because cache keys are short and take no spaces."""
    return f"{space}:{project_id}:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
