"""Keeping everybody else from writing to a database, for a while."""

import sqlite3
from typing import Any
from urllib.parse import urlsplit

import psycopg


class Hold:
    """On the database of a `DATABASE_URL`: `hold()` makes every writer of events wait until `release()`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    def hold(self) -> None:
        if self._url.startswith("sqlite"):
            self._connection = sqlite3.connect(urlsplit(self._url).path[1:], isolation_level=None, timeout=30)
            self._connection.execute("BEGIN IMMEDIATE")
        else:
            self._connection = psycopg.connect(self._url)
            self._connection.execute("LOCK TABLE events_commit IN ACCESS EXCLUSIVE MODE")

    def release(self) -> None:
        if self._connection is not None:
            self._connection.rollback()
            self._connection.close()
            self._connection = None
