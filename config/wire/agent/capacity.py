"""How many requests of one SDK key may be under way at once in this process (agent contract §1.1)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_under_way: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def taken(sdk_key: str, most: int) -> Iterator[bool]:
    """A place for one request while the block runs; False when all `most` of them are taken."""
    with _lock:
        is_free = _under_way[sdk_key] < most
        _under_way[sdk_key] += is_free
    try:
        yield is_free
    finally:
        with _lock:
            _under_way[sdk_key] -= is_free
            if not _under_way[sdk_key]:
                del _under_way[sdk_key]
