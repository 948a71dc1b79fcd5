"""A second connection to the test's database, which can keep everybody else from writing."""

import sqlite3
from typing import Any

import psycopg
from django.db import connection


class Database:
    """`hold()` makes every write wait until `release()`."""

    def __init__(self) -> None:
        self._other: Any = None

    def hold(self) -> None:
        params = connection.get_connection_params()
        if connection.vendor == "sqlite":
            self._other = sqlite3.connect(params["database"], isolation_level=None)
            self._other.execute("BEGIN IMMEDIATE")
        else:
            names = {"dbname", "user", "password", "host", "port"}
            self._other = psycopg.connect(**{name: value for name, value in params.items() if name in names})
            self._other.execute("LOCK TABLE events_commit IN ACCESS EXCLUSIVE MODE")

    def release(self) -> None:
        if self._other is not None:
            self._other.rollback()
            self._other.close()
            self._other = None
