"""A private PostgreSQL server: made in a temporary directory, run as an unprivileged user, gone at the end."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.harness import tools

# Nothing has to survive a power cut, so nothing is synced to disk. Transactions behave as ever.
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=128MB", "max_wal_size=2GB")


class CannotStart(Exception):
    """The server was found but did not come up; `str(error)` ends with what it logged."""


def available() -> bool:
    return bool(tools.postgresql("initdb") and tools.postgresql("postgres"))


class Server:
    """A private server that can be stopped and started again; its data stays."""

    def __init__(self, home: Path, *, user: str | None, settings: tuple[str, ...]) -> None:
        password = secrets.token_hex(16)
        self._home = home
        self._user = user
        self._settings = settings
        self._port = tools.free_port()
        self.url = f"postgres://arbiter:{password}@127.0.0.1:{self._port}"
        _initialise(home, user=user, password=password)
        self._process = self._launched()

    def start(self) -> None:
        """Return when it answers. Raises CannotStart."""
        self._process = self._launched()

    def stop(self, *, at_once: bool = False) -> None:
        """Shut down, `at_once` as if the machine had failed."""
        if at_once:
            self._process.send_signal(signal.SIGQUIT)
        _stop(self._process)

    def _launched(self) -> "subprocess.Popen[bytes]":
        process = _start(self._home, user=self._user, port=self._port, settings=self._settings)
        try:
            _wait(process, url=self.url, log=self._home / "log")
        except BaseException:
            _stop(process)
            raise
        return process


@contextmanager
def restartable_server(*settings: str) -> Iterator[Server]:
    """A running server until the block ends. `settings` ("name=value") come after those of `QUICK`.

    Raises CannotStart.
    """
    home = Path(tempfile.mkdtemp(prefix="arbiter-pg-"))
    user = _unprivileged()
    if user:
        shutil.chown(home, user)
    try:
        server = Server(home, user=user, settings=(*QUICK, *settings))
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def private_server(*settings: str) -> Iterator[str]:
    """Run a server until the block ends and yield its URL, without a database name. As `restartable_server`."""
    with restartable_server(*settings) as server:
        yield server.url


def _unprivileged() -> str | None:
    """Whom to run as: PostgreSQL refuses to be root. None means ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _initialise(home: Path, *, user: str | None, password: str) -> None:
    secret = home / "password"
    secret.write_text(password)
    secret.chmod(0o644)  # `home` itself is closed to others
    command = [str(tools.postgresql("initdb")), "--pgdata", str(home / "data"), "--username", "arbiter"]
    command += ["--auth", "scram-sha-256", "--pwfile", str(secret), "--encoding", "UTF8", "--no-sync"]
    for locale in ("C.UTF-8", "C"):
        done = subprocess.run(
            [*command, "--locale", locale], user=user, group=_group(user), cwd=home, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
    raise CannotStart(f"initdb failed: {done.stderr.strip()[-2000:]}")


def _start(home: Path, *, user: str | None, port: int, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}", *settings]
    command = [str(tools.postgresql("postgres")), "-D", str(home / "data")]
    for option in options:
        command += ["-c", option]
    with (home / "log").open("wb") as log:
        # In a session of its own, so that Ctrl-C reaches the tests first and the server last.
        return subprocess.Popen(
            command, user=user, group=_group(user), cwd=home, stdout=log, stderr=log, start_new_session=True
        )


def _wait(server: subprocess.Popen[bytes], *, url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise CannotStart(f"postgres did not come up: {log.read_text()[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown; insist after ten seconds."""
    for sign, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if server.poll() is None:
            server.send_signal(sign)
            try:
                server.wait(patience)
            except subprocess.TimeoutExpired:
                continue


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None
