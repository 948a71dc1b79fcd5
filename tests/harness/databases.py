"""A database of its own for a test that starts a real server, on whichever database the suite runs."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql


def on_postgresql() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith(("postgres://", "postgresql://"))


@contextmanager
def scratch_database(directory: Path) -> Iterator[str]:
    """Yield the `DATABASE_URL` of an empty database: a file in `directory`, or a new one on the suite's server."""
    if not on_postgresql():
        yield f"sqlite:///{directory / 'arbiter.sqlite3'}"
        return
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"arbiter_{secrets.token_hex(6)}"
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield url._replace(path=f"/{name}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
