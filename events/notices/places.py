"""Where the processes of one machine meet: a directory with the gate and two sockets."""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings

LONGEST = 90
"""A socket's address holds about a hundred bytes, whatever the file system allows."""


@lru_cache(maxsize=1)
def directory() -> Path:
    """In `var/`; where that path is too long for a socket, a directory named after it, for this user alone.

    Raises PermissionError when somebody else owns that one.
    """
    place = Path(settings.VAR_DIR) / "streams"
    if len(os.fsencode(place.absolute())) > LONGEST:
        name = hashlib.sha256(os.fsencode(place.absolute())).hexdigest()[:16]
        place = Path(tempfile.gettempdir()) / f"arbiter-{name}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise PermissionError(f"{place} belongs to somebody else")
    return place


def gate() -> Path:
    return directory() / "gate"


def notices() -> Path:
    """The socket on which the streams process hears of what happens."""
    return directory() / "notices.sock"


def streams() -> Path:
    """The socket on which the streams process answers HTTP."""
    return directory() / "streams.sock"
