"""A private Redis server on a port of its own, in memory only."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.harness import tools


class CannotStart(Exception):
    """The server was found but did not come up."""


def available() -> bool:
    return tools.redis_server() is not None


@contextmanager
def private_server() -> Iterator[str]:
    """Run a server until the block ends and yield its URL. Raises CannotStart."""
    port = tools.free_port()
    command = [
        str(tools.redis_server()),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with tempfile.TemporaryDirectory(prefix="arbiter-redis-") as home:
        server = subprocess.Popen(
            command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            url = f"redis://127.0.0.1:{port}/0"
            _wait(server, url=url)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(server: "subprocess.Popen[bytes]", *, url: str) -> None:
    client = redis.Redis.from_url(url)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.ping()
            client.close()
            return
        except redis.ConnectionError:
            time.sleep(0.05)
    raise CannotStart("redis-server did not come up")
