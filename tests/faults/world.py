"""A database with the demo in it, the real server on it, and what it has stored. Built once, copied per test."""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.benchmarks import processes
from tests.harness import environment
from tests.harness.server import ROOT, Server, running_server

SDK_KEY = "demo123"


@dataclass(frozen=True, slots=True)
class World:
    """One test's database and directory."""

    database_url: str
    directory: Path

    @property
    def var(self) -> Path:
        return self.directory / "var"

    @property
    def spool(self) -> Path:
        return self.var / "spool"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @contextmanager
    def serving(self, *, through: str | None = None, **settings: str) -> Iterator[Server]:
        """The real server and keeper; `through` is another way to the same database."""
        workers = "1" if self.is_sqlite else "2"
        url = through or self.database_url
        with running_server(self.var, **{"WORKERS": workers, "DATABASE_URL": url, **settings}) as server:
            yield server

    def manage(self, *arguments: str) -> None:
        env = environment.clean(var=self.var, DATABASE_URL=self.database_url)
        self.var.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)

    def stored(self, table: str = "events_event") -> Counter[str]:
        """How often each person is in the log."""
        question = f"SELECT user_id, count(*) FROM {table} GROUP BY user_id"
        if self.is_sqlite:
            with closing(sqlite3.connect(file_of(self.database_url), timeout=30)) as connection:
                return Counter(dict(connection.execute(question).fetchall()))
        with psycopg.connect(self.database_url) as connection:
            return Counter(dict(connection.execute(question).fetchall()))

    def has_empty_spool(self) -> bool:
        return not any(segment.stat().st_size for segment in self.spool.glob("*/0*"))


def oldest_worker(server: Server) -> int:
    """Of the processes that answer requests the one that started first."""
    return min(workers(server))


def workers(server: Server) -> set[int]:
    """The processes that answer requests. They have no children of their own."""
    found = [pid for pid in processes.tree(server.process.pid) if "config.wsgi:application" in processes.command(pid)]
    return {pid for pid in found if len(list(processes.tree(pid))) == 1}


def prepare(world: World) -> None:
    """Make the tables and the demo."""
    for command in (("migrate", "-v0"), ("createcachetable",), ("seed_demo",)):
        world.manage(*command)


@contextmanager
def copy_of(prepared: str, directory: Path, *, name: str) -> Iterator[World]:
    """A world of one's own whose database is a copy of a prepared one."""
    directory.mkdir(parents=True, exist_ok=True)
    if prepared.startswith("sqlite"):
        copy = directory / "arbiter.sqlite3"
        shutil.copy(file_of(prepared), copy)
        yield World(f"sqlite:///{copy}", directory)
        return
    split = urlsplit(prepared)
    original = split.path.removeprefix("/")
    with psycopg.connect(split._replace(path="/postgres").geturl(), autocommit=True) as server:
        identifiers = (sql.Identifier(name), sql.Identifier(original))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*identifiers))
        try:
            yield World(split._replace(path=f"/{name}").geturl(), directory)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def file_of(url: str) -> str:
    """The file of a SQLite database."""
    return urlsplit(url).path.removeprefix("/")
