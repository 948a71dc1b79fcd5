"""Whether the database can be trusted to commit in time. While it cannot, rows take the detour over the spool."""

import logging
import time

logger = logging.getLogger(__name__)

SECONDS = 1.0


class Detour:
    """On after a failure or a commit slower than `patience`, for `SECONDS`; off after a quick one.

    While commits take no longer than `swift` it is worth everybody's while to wait for one.
    """

    def __init__(self, *, patience: float, swift: float) -> None:
        self._patience = patience
        self._swift = swift
        self._until = 0.0
        self._is_away = False
        self._was_swift = False
        self._asked_at: float | None = None

    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def is_swift(self) -> bool:
        """Whether the last commit was swift, and the one under way can still be."""
        asked_at = self._asked_at
        return self._was_swift and (asked_at is None or time.monotonic() - asked_at < self._swift)

    def begin(self) -> None:
        self._until = time.monotonic() + SECONDS

    def database_asked(self) -> None:
        self._asked_at = time.monotonic()

    def database_answered(self, *, replay: bool = False) -> None:
        """A commit took place; a `replay` writes so much that it does not tell how swift others are."""
        seconds = self._since_asked()
        if not replay:
            self._was_swift = seconds < self._swift
        if seconds < self._patience:
            self._until = 0.0
        else:
            self.begin()
        if self._is_away:
            logger.warning("The database is back; what was spooled follows")
            self._is_away = False

    def database_failed(self, error: Exception) -> None:
        self._asked_at, self._was_swift = None, False
        self.begin()
        if not self._is_away:
            logger.warning("Events cannot be written and go to the spool", exc_info=error)
            self._is_away = True

    def _since_asked(self) -> float:
        asked_at, self._asked_at = self._asked_at, None
        return 0.0 if asked_at is None else time.monotonic() - asked_at
