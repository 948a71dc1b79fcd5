"""How long a thread waits for a client that sends slowly, and how many threads may wait so at once.

Both servers read a body in the thread that answers it, so whoever sends slowly holds a thread. Every such wait is known
here; a watch looks at them twenty times a second. The oldest beyond `MOST` that last longer than `GRACE`, and any that
lasts longer than `BODY_SECONDS`, are ended by hanging up (`config/hangups.py`). What a body means is not known here.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from config import hangups
from config.hangups import Waiting
from config.serving.servers import THREADS

logger = logging.getLogger(__name__)

# A quarter of the threads stays free for those who are quick; people on slow lines are not all attackers.
MOST = THREADS * 3 // 4
GRACE = 0.1
TICK = 0.05

Read = Callable[[int], bytes]

_under_way: dict[int, Waiting] = {}
_watch_pid = 0


class HungUp(Exception):
    """The body did not come in time, or its sender went away."""


class PatientInput:
    """The `wsgi.input` of one request, read under the watch. All its reads together have the time of one."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._stream = environ["wsgi.input"]
        self._since = time.monotonic()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises HungUp."""
        return self._patiently(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._patiently(self._stream.readline, size)

    def _patiently(self, read: Callable[..., bytes], size: int) -> bytes:
        begin(self._environ, since=self._since)
        try:
            piece = read(size) if size >= 0 else read()
        finally:
            end()
        return piece


def begin(environ: dict[str, Any], *, since: float = 0.0) -> None:
    """This thread waits for the client of `environ` from now on, or since another moment of the monotonic clock."""
    _under_way[threading.get_ident()] = Waiting(environ, since or time.monotonic())


def end() -> None:
    """It no longer waits. Raises HungUp if it was to no avail."""
    waiting = _under_way.pop(threading.get_ident(), None)
    if waiting is not None and waiting.is_hung_up:
        raise HungUp


def whole(environ: dict[str, Any], length: int) -> bytes:
    """All of a body of a known length. Raises HungUp."""
    begin(environ)
    try:
        body: bytes = environ["wsgi.input"].read(length)
    finally:
        end()
    if len(body) < length:
        raise HungUp
    return body


def ensure_watching() -> None:
    """Start this process's watch, once, and never before a fork."""
    global _watch_pid
    if _watch_pid != os.getpid():
        _watch_pid = os.getpid()
        threading.Thread(target=_watch, name="patience", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(TICK)
        try:
            if _under_way and (slow := _too_slow(time.monotonic())):
                hangups.hang_up(slow)
        except Exception:
            # The thread's outermost door: whatever happens, the next look must come.
            logger.exception("The watch over slow clients stumbled")


def _too_slow(now: float) -> dict[int, Waiting]:
    """The waits to end, by thread: the oldest of too many, and each that took its time."""
    all_of_them = sorted(_under_way.items(), key=lambda each: each[1].since)
    slow = [(thread, waiting) for thread, waiting in all_of_them if now - waiting.since > GRACE]
    excess = len(slow) - MOST
    late = now - settings.BODY_SECONDS
    return {
        thread: waiting
        for at, (thread, waiting) in enumerate(slow)
        if (at < excess or waiting.since < late) and not waiting.is_hung_up
    }
