"""Servers to measure: Arbiter as `make serve` starts it, and a bare echo on the same server with the same options."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.serving import servers
from tests.benchmarks import processes, worlds
from tests.harness import environment, postgres, tools
from tests.harness.server import ROOT, running_server

SDK_KEY = "benchkey"
DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """CPU of every process that serves; the keeper left out."""
        return processes.cpu_seconds(self.pid)

    def workers(self) -> list[int]:
        """The processes that answer requests: those without children of their own."""
        found = [pid for pid in processes.tree(self.pid) if "manage.py" not in processes.command(pid)]
        return [pid for pid in found if len(list(processes.tree(pid))) == 1] or found


@contextmanager
def arbiter(var: Path, *, flags: int = 50, **settings: str) -> Iterator[Served]:
    """Arbiter with a mirrored project of `flags` flags under the key `benchkey`."""
    datafile = var.parent / f"bench-{flags}.json"
    datafile.write_text(json.dumps(worlds.datafile(flags=flags, sdk_key=SDK_KEY)))
    with running_server(var, ARBITER_ACCESS_LOG_SHARE="0", **settings) as server:
        manage("import_datafile", str(datafile), "--sdk-key", SDK_KEY, "--project", "bench", var=var, **settings)
        yield Served(server.url, server.process.pid)


@contextmanager
def demo(var: Path, **settings: str) -> Iterator[Served]:
    """Arbiter with the demo in it and nothing else."""
    with running_server(var, ARBITER_ACCESS_LOG_SHARE="0", **settings) as server:
        yield Served(server.url, server.process.pid)


@contextmanager
def database(name: str) -> Iterator[dict[str, str]]:
    """The settings of Arbiter on a fresh database: "sqlite", or a PostgreSQL that commits for good."""
    if name == "sqlite":
        yield {}
        return
    with postgres.private_server(*DURABLE) as url:
        yield {"DATABASE_URL": f"{url}/postgres"}


@contextmanager
def echo(server: str) -> Iterator[Served]:
    """The bare echo under granian or gunicorn, one worker."""
    options = servers.Options(port=tools.free_port(), server=server, workers=1)
    command = [
        part.replace("config.wsgi:application", "tests.benchmarks.echo:application") for part in _command(options)
    ]
    env = dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "config.settings", "PORT": str(options.port), "WORKERS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not servers.answers(port=options.port):
            assert process.poll() is None, "the echo did not start"
        yield Served(options.url, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _command(options: servers.Options) -> list[str]:
    return servers.command(options)


def posted(server: Served, path: str, body: object) -> Any:
    """What one request is answered with."""
    content = json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def manage(*arguments: str, var: Path, **settings: str) -> str:
    """Run a management command on the same data; answers what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment.clean(var=var, **settings),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
