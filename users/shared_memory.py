"""Small things that need not outlive a reset, shared by all processes through Django's cache.

A space holds values of one kind by key (a user id, mostly). Every value carries the epoch of its space in its project,
so that all of them are forgotten in one write.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.cache import cache

from experiments.errors import Unavailable

AWAY = "What all processes share is out of reach"
TURN_SECONDS = 2
WAIT_SECONDS = 0.005


def get(space: str, *, project_id: int, key: str) -> Any:
    """What was put there, None when nothing was or all of it was forgotten since. One read."""
    epoch_key, value_key = _epoch_key(space, project_id), _value_key(space, project_id, key)
    with _reaching():
        found = cache.get_many([epoch_key, value_key])
    epoch, value = found.get(value_key, (None, None))
    return value if epoch == found.get(epoch_key, 0) else None


def put(space: str, value: Any, *, project_id: int, key: str, seconds: float | None = None) -> None:
    """Keep a value, for good unless `seconds` are given."""
    with _reaching():
        epoch = cache.get(_epoch_key(space, project_id), 0)
        cache.set(_value_key(space, project_id, key), (epoch, value), timeout=seconds)


@contextmanager
def turn(space: str, *, project_id: int, key: str) -> Iterator[None]:
    """Read a value and put it back changed while nobody else does.

    A turn lasts `TURN_SECONDS` at most, so one that a dead process holds passes; who waited for that long goes on.
    """
    turn_key, token = f"turn:{_value_key(space, project_id, key)}", token_hex(8)
    deadline = time.monotonic() + TURN_SECONDS
    with _reaching():
        while not cache.add(turn_key, token, timeout=TURN_SECONDS) and time.monotonic() < deadline:
            time.sleep(WAIT_SECONDS)
        try:
            yield
        finally:
            if cache.get(turn_key) == token:
                cache.delete(turn_key)


def forget(space: str, *, project_id: int) -> None:
    """Forget everything of one kind. Two at once forget once."""
    with _reaching():
        cache.add(_epoch_key(space, project_id), 0, timeout=None)
        cache.incr(_epoch_key(space, project_id))


@contextmanager
def _reaching() -> Iterator[None]:
    """Say of a Redis that is away what everybody understands; a database says it itself. Raises Unavailable."""
    try:
        yield
    except _redis_errors() as fault:
        raise Unavailable(AWAY) from fault


@lru_cache(maxsize=1)
def _redis_errors() -> tuple[type[Exception], ...]:
    if not settings.REDIS_URL:
        return ()
    from redis import RedisError  # it is heavy, and where there is no Redis nobody needs it

    return (RedisError,)


def _epoch_key(space: str, project_id: int) -> str:
    return f"epoch:{space}:{project_id}"


def _value_key(space: str, project_id: int, key: str) -> str:
    """Hashed, because cache keys are short and take no spaces."""
    return f"{space}:{project_id}:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
