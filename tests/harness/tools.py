"""Where the programs live that tests start: PostgreSQL, Redis, Chromium. Nothing is started here."""

import shutil
from pathlib import Path


def postgresql(program: str) -> str | None:
    """The path of a PostgreSQL server program such as "initdb"; Debian keeps them outside PATH, the newest is taken."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    return str(packaged[-1]) if packaged else shutil.which(program)


def redis_server() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")
