"""A worker that will be replaced sees its clients off: it asks them to connect anew, so that none is cut off.

`announce` marks the moment in the data directory; workers that started before it say `Connection: close` from then on.
Who replaces them is in `config/serving/`.
"""

import logging
import os
import threading
import time
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

MARK = "renewed"
TICK = 0.5

_watch_pid = 0
_is_leaving = False
_known = ""


def announce(directory: Path) -> None:
    """Tell the workers of now that others will take over. With no place for the mark they are not told."""
    try:
        (directory / MARK).write_text(str(time.time_ns()))
    except OSError:
        logger.warning("Clients cannot be asked to connect anew", exc_info=True)


def begin() -> None:
    """This process serves from now on, whatever was announced before."""
    global _known
    _known = _mark()


def is_leaving() -> bool:
    return _is_leaving


def ensure_watching() -> None:
    """Start this process's watch, once, and never before a fork."""
    global _watch_pid
    if _watch_pid != os.getpid():
        _watch_pid = os.getpid()
        threading.Thread(target=_watch, name="renewal", daemon=True).start()


def _watch() -> None:
    global _is_leaving
    while _mark() == _known:
        time.sleep(TICK)
    _is_leaving = True


def _mark() -> str:
    try:
        return (Path(settings.VAR_DIR) / MARK).read_text()
    except FileNotFoundError:
        return ""
    except OSError:  # no file is left to this process, say: nothing was announced by that
        return _known
