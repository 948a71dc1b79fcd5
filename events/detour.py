"""Whether the database can be trusted to commit in time. While it cannot, rows take the detour over the spool."""

import logging
import time

logger = logging.getLogger(__name__)

SECONDS = 1.0


class Detour:
    """On after a failure or a commit slower than `patience`, for `SECONDS`; off after a quick one."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._until = 0.0
        self._is_away = False

    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        self._until = time.monotonic() + SECONDS

    def database_answered(self, *, seconds: float) -> None:
        if seconds < self._patience:
            self._until = 0.0
        else:
            self.begin()
        if self._is_away:
            logger.warning("The database is back; what was spooled follows")
            self._is_away = False

    def database_failed(self, error: Exception) -> None:
        self.begin()
        if not self._is_away:
            logger.warning("Events cannot be written and go to the spool", exc_info=error)
            self._is_away = True
