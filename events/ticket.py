"""One call that waits for the writer, and who decides what becomes of its rows: the writer or the one who left."""

import threading
from collections.abc import Sequence
from uuid import UUID

from events.rows import Row
from experiments.errors import Unavailable


class Ticket:
    """Made by a request, taken by the writer. `commit` is the transaction that tries to write the rows, if any."""

    __slots__ = ("_error", "_guard", "_has_left", "_is_decided", "_settled", "commit", "rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.commit: UUID | None = None
        self._error: Unavailable | None = None
        self._has_left = False
        self._is_decided = False
        self._guard = threading.Lock()
        self._settled = threading.Lock()
        self._settled.acquire()

    def wait(self, seconds: float) -> bool:
        """Whether the rows are safe; raises Unavailable if they could not be stored.

        False after `seconds`: then the rows are the caller's again, though `commit` may still write them.
        """
        if not self._settled.acquire(timeout=seconds):
            with self._guard:
                if not self._is_decided:
                    self._has_left = True
                    return False
            self._settled.acquire()
        if self._error is not None:
            raise self._error
        return True

    def take(self, commit: UUID) -> bool:
        """Let a commit try; False if nobody waits any more."""
        with self._guard:
            if not self._has_left:
                self.commit = commit
            return not self._has_left

    def decide(self) -> bool:
        """Whether somebody still waits; if so they wait until `settle`."""
        with self._guard:
            self._is_decided = not self._has_left
            return self._is_decided

    def settle(self, error: Unavailable | None = None) -> None:
        self._error = error
        self._settled.release()
