"""Small things known of a person that need not outlive a reset, shared by all processes through Django's cache.

Every value carries its project's epoch, so that everything of a project is forgotten in one write.
"""

from hashlib import sha256
from typing import Any

from django.core.cache import cache


def get(space: str, *, project_id: int, user_id: str) -> Any:
    """What was put for a person, None when nothing was or all of it was forgotten since. One read."""
    epoch_key, key = _epoch_key(project_id), _key(space, project_id, user_id)
    found = cache.get_many([epoch_key, key])
    epoch, value = found.get(key, (None, None))
    return value if epoch == found.get(epoch_key, 0) else None


def put(space: str, value: Any, *, project_id: int, user_id: str) -> None:
    epoch = cache.get(_epoch_key(project_id), 0)
    cache.set(_key(space, project_id, user_id), (epoch, value), timeout=None)


def forget(*, project_id: int) -> None:
    """Forget everything of a project. Two at once forget once."""
    cache.add(_epoch_key(project_id), 0, timeout=None)
    cache.incr(_epoch_key(project_id))


def _epoch_key(project_id: int) -> str:
    return f"epoch:{project_id}"


def _key(space: str, project_id: int, user_id: str) -> str:
    """Hashed, because cache keys are short and take no spaces."""
    return f"{space}:{project_id}:{sha256(user_id.encode('utf-8', 'surrogatepass')).hexdigest()}"
