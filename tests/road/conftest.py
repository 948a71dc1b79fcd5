"""The real server on a database of its own with the demo in it, and as many workers as the database allows."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import databases, environment
from tests.harness.server import ROOT, Server, running_server
from tests.road.client import Client

SDK_KEY = "demo123"
SERVICE = "0de30000-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Road:
    """A started server and what the road needs of it."""

    server: Server
    client: Client
    manage: Callable[..., str]

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def password(self) -> str:
        found = re.search(r"once:\s+admin\s+(\S+)", self.server.printed())
        assert found, self.server.printed()
        return found[1]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    directory = tmp_path_factory.mktemp("road")
    with databases.scratch_database(directory) as url:
        workers = "2" if databases.on_postgresql() else "1"
        settings = {"DATABASE_URL": url, "WORKERS": workers}
        with running_server(directory / "var", **settings) as server:

            def manage(*arguments: str) -> str:
                return _manage(directory / "var", settings, arguments)

            yield Road(server, Client(server.url), manage)


def _manage(var: Path, settings: dict[str, str], arguments: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment.clean(var=var, **settings),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
