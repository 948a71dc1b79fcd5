"""The real thing: `python -m config.serve` as a child process, on a free port and a directory of its own."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness import environment, tools

ROOT = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops it."


@dataclass(frozen=True, slots=True)
class Server:
    """A started server; `printed()` is what it has said so far."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self, *, seconds: float = 90) -> None:
        """Return when it serves; raise AssertionError if it ends or keeps silent."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if READY in self.printed():
                return
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{self.printed()}")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(40)


@contextmanager
def starting_server(var: Path, **settings: str) -> Iterator[Server]:
    """Start a server on the data in `var` and leave it to the block; it is gone after the block.

    `settings` are environment variables (`DATABASE_URL`, `SERVER`, `WORKERS`, ...); without `PORT` a free one is taken.
    """
    port = settings.get("PORT") or str(tools.free_port())
    var.mkdir(parents=True, exist_ok=True)
    log = var.parent / f"server-{port}-{time.monotonic_ns()}.log"
    env = environment.clean(var=var, **settings | {"PORT": port, "PYTHONUNBUFFERED": "1"})
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.serve"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    server = Server(url=f"http://127.0.0.1:{port}", process=process, log=log)
    try:
        yield server
    finally:
        if process.poll() is None:
            try:
                server.stop()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_server(var: Path, **settings: str) -> Iterator[Server]:
    """As `starting_server`, and the block begins when it answers."""
    with starting_server(var, **settings) as server:
        server.wait_until_ready()
        yield server
