"""The HTTP servers Arbiter runs under, as command lines. Both serve the same callable, `config.wsgi:application`."""

import http.client
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ADDRESS = "127.0.0.1"
# Fewer than 16 threads and one slow page holds up every decision of its worker.
THREADS = 16
# Granian counts open connections here, idle ones too, so this is no limit on requests: threads are.
CONNECTIONS_PER_WORKER = 1024
PATIENCE = 10
# Threads of one interpreter wait for each other anyway: a heap of its own for each costs memory and gains nothing.
FRUGAL = {"MALLOC_ARENA_MAX": "1"}


class CannotServe(Exception):
    """`str(reason)` is a sentence for the person who typed the command."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `remark` says where something else was done, and why.

    `streams` is how many streams of notifications each worker relays at once, 0 where there are none.
    """

    port: int
    server: str
    workers: int
    remark: str = ""
    streams: int = 0

    @property
    def threads(self) -> int:
        """Every relayed stream keeps a thread; the others have as many as ever."""
        return THREADS + self.streams

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"


def read_options(environ: Mapping[str, str], *, vendor: str, streams: int = 0) -> Options:
    """Read PORT, SERVER and WORKERS. `vendor` is Django's name of the database. Raises CannotServe."""
    server = environ.get("SERVER") or "granian"
    if server not in COMMANDS:
        raise CannotServe(f"SERVER={server} is not known. Choose one of: {', '.join(COMMANDS)}.")
    port = _number(environ, "PORT", default=8000, highest=65535)
    workers = _number(environ, "WORKERS", default=1 if vendor == "sqlite" else 2, highest=512)
    if vendor == "sqlite" and workers > 1:
        remark = f"WORKERS={workers} is for PostgreSQL: on SQLite one process serves, so that one process writes."
        return Options(port=port, server=server, workers=1, remark=remark, streams=streams)
    return Options(port=port, server=server, workers=workers, streams=streams)


def _number(environ: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        raise CannotServe(f"{name}={text} must be a whole number from 1 to {highest}.")
    return int(text)


def require_free(*, port: int) -> None:
    """Raise CannotServe if the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except PermissionError as error:
            raise CannotServe(f"Port {port} needs rights that this user lacks. Try:  make serve PORT=8000") from error
        except OSError as error:
            raise CannotServe(
                f"Port {port} is taken: something already listens on {ADDRESS}:{port}. "
                f"Stop it, or choose another port:  make serve PORT={port + 1 if port < 65535 else 8000}"
            ) from error


def command(options: Options) -> list[str]:
    return [sys.executable, "-m", *COMMANDS[options.server](options)]


def environment(options: Options, *, metrics: Path) -> dict[str, str]:
    """What `config/gunicorn.py` reads, and where several workers count together for `config/metrics.py`."""
    said = {"PORT": str(options.port), "WORKERS": str(options.workers), "THREADS": str(options.threads)}
    return said | {"PROMETHEUS_MULTIPROC_DIR": str(metrics)} if options.workers > 1 else said


def answers(*, port: int) -> bool:
    """Whether the server answers a request at all, whatever it says."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=2)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _granian(options: Options) -> list[str]:
    return [
        # One request at a time on a connection: `config.hangups` closes connections.
        *("granian", "--interface", "wsgi", "--http", "1", "--host", ADDRESS, "--port", str(options.port)),
        *("--workers", str(options.workers), "--blocking-threads", str(options.threads), "--no-ws"),
        *("--backlog", str(CONNECTIONS_PER_WORKER), "--backpressure", str(CONNECTIONS_PER_WORKER)),
        *("--respawn-failed-workers", "--workers-kill-timeout", str(PATIENCE)),
        *("--no-access-log", "--log-level", "error", "config.wsgi:application"),
    ]


def _gunicorn(options: Options) -> list[str]:
    return ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi:application"]


COMMANDS: dict[str, Callable[[Options], list[str]]] = {"granian": _granian, "gunicorn": _gunicorn}
