"""A bell that every process of this machine hears: a few bytes of shared memory that change when it is rung.

Who hears it looks at the database at once, instead of waiting for word from there.
"""

import logging
import mmap
import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

SIZE = 8


def ring() -> None:
    """Let everybody on this machine know that there is news. Call it when that is committed."""
    memory = _memory()
    if memory is not None:
        memory[:] = os.urandom(SIZE)


def rung() -> bytes:
    """What the last ring left behind: another value means that it was rung since."""
    memory = _memory()
    return b"" if memory is None else memory[:]


@lru_cache(maxsize=1)
def _memory() -> mmap.mmap | None:
    """None where the disk has no place for it; then news comes by the database alone."""
    path = Path(settings.VAR_DIR) / "bell"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(SIZE)
            return mmap.mmap(file.fileno(), SIZE)
    except OSError:
        logger.warning("There is no bell in %s", path, exc_info=True)
        return None
