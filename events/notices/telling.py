"""From this process to the streams process: a bounded queue and one thread. Nobody waits, and nothing is kept for long.

A line per notice: SDK key, kind and JSON, with tabs between them. What cannot be sent is dropped: who listens hears of
what happens now.
"""

import logging
import os
import socket
import threading
import time
from collections import deque

from events.notices import places

logger = logging.getLogger(__name__)

MOST = 10_000
LARGEST = 4 * 1024 * 1024
PATIENCE = 5.0
REST_SECONDS = 0.5


class Teller:
    """The queue of one process. Safe for threads, started anew after a fork."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._pid = 0

    def tell(self, sdk_key: str, kind: str, body: bytes) -> bool:
        """Queue a notice; False when there is no room for it."""
        line = b"%b\t%b\t%b\n" % (sdk_key.encode(), kind.encode(), body)
        with self._changed:
            if self._pid != os.getpid():
                self._start()
            if len(self._lines) >= MOST or self._size + len(line) > LARGEST:
                return False
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify()
            return True

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lines.clear()
        self._size = 0
        threading.Thread(target=self._run, name="notices", daemon=True).start()

    def _run(self) -> None:
        """Send what waits; where the streams process began anew, once more on a new connection."""
        line: socket.socket | None = None
        while True:
            waiting = self._taken()
            for _ in range(2):
                try:
                    line = line or _connected()
                    line.sendall(waiting)
                    break
                except OSError as fault:
                    logger.info("The streams process does not hear: %s", fault)
                    if line is not None:
                        line.close()
                    line = None
            else:
                self._drop()
                time.sleep(REST_SECONDS)

    def _taken(self) -> bytes:
        """All that waits, as soon as something does."""
        with self._changed:
            while not self._lines:
                self._changed.wait()
            taken = b"".join(self._lines)
            self._lines.clear()
            self._size = 0
        return taken

    def _drop(self) -> None:
        with self._changed:
            self._lines.clear()
            self._size = 0


def _connected() -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(PATIENCE)
        line.connect(str(places.notices()))
    except OSError:
        line.close()
        raise
    return line


_teller = Teller()
tell = _teller.tell
