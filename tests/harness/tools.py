"""Where the programs live that tests start (PostgreSQL, Redis, Chromium), and free ports. Nothing is started here."""

import shutil
import socket
from pathlib import Path


def postgresql(program: str) -> str | None:
    """The path of a PostgreSQL server program such as "initdb"; Debian keeps them outside PATH, the newest is taken."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    return str(packaged[-1]) if packaged else shutil.which(program)


def redis_server() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def free_port() -> int:
    """A TCP port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
