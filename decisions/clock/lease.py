"""The keeper's lease: of several keepers one works. It ends with the process that holds it, however that dies."""

import fcntl
import os
from pathlib import Path
from typing import Any, Protocol

from django.db import connection

# Any number will do, as long as nobody else locks it in this database.
ADVISORY_LOCK = 0x41524249544552


class Lease(Protocol):
    def held(self) -> bool:
        """Whether it is ours; takes it if it is free."""

    def release(self) -> None: ...


class AdvisoryLock:
    """PostgreSQL: a lock of this thread's session. A new connection has to take it anew."""

    def __init__(self) -> None:
        self._session: Any = None

    def held(self) -> bool:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        if self._session is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
                self._session = connection.connection if cursor.fetchone() == (True,) else None
        return self._session is not None

    def release(self) -> None:
        connection.close()
        self._session = None


class FileLock:
    """SQLite: a lock on a file, for the processes of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def held(self) -> bool:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def of_this_database(directory: Path) -> Lease:
    """The one lease of everybody who works on this database; `directory` holds its file where one is needed."""
    return AdvisoryLock() if connection.vendor == "postgresql" else FileLock(directory / "keeper.lock")
