"""Clients that never finish what they send: they get few threads and little time, and everybody else is answered."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import pytest

from tests.faults.load import Load
from tests.faults.world import SDK_KEY, World, copy_of
from tests.harness.waiting import until

# The database plays no part, so one will do.
pytestmark = [pytest.mark.alone, pytest.mark.sqlite]

EACH = 16
SECONDS = 1.5
A_BURST = 3.0
THREADS_FOR_THE_SLOW = 12
HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + (
    f"X-Optimizely-SDK-Key: {SDK_KEY}\r\nUser-Id: ada\r\n"
)
NEWLINE = "\r\n"
SENT = {
    "a body": HEAD.format(path="/v1/decide") + "Content-Length: 100\r\n\r\n{",
    "a chunk": HEAD.format(path="/v1/decide") + "Transfer-Encoding: chunked\r\n\r\n40\r\n{",
    "a body for Django": HEAD.format(path="/api/v1/services") + "Content-Length: 100\r\n\r\n{",
    "a body that is too large": HEAD.format(path="/api/v6/assign") + "Content-Length: 50000000\r\n\r\n{",
}


ODD_WAYS = {
    "HTTP/1.0, to be kept alive": "POST /v1/decide HTTP/1.0\r\nConnection: keep-alive\r\n",
    "a body that nobody asks for": "HEAD /v1/decide HTTP/1.1\r\n",
    "chunks that nobody asks for": "HEAD /api/users HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
    "a body when it is asked to send it": "POST /v1/decide HTTP/1.1\r\nExpect: 100-continue\r\n",
}


@dataclass(frozen=True, slots=True)
class Served:
    server_name: str
    world: World
    url: str


@dataclass
class Dripper:
    """Sends a beginning and then one byte after the other, until the server has enough of it."""

    url: str
    beginning: str
    ended_after: float | None = None
    heard: bytes = b""
    _has_given_up: bool = False
    _thread: threading.Thread = field(init=False)

    def start(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def give_up(self) -> None:
        self._has_given_up = True

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        started = time.monotonic()
        with _connected(self.url) as raw:
            raw.settimeout(0.2)
            raw.sendall(self.beginning.encode())
            while time.monotonic() - started < 30 and not self._has_given_up and self._is_heard(raw):
                pass
        self.ended_after = time.monotonic() - started

    def _is_heard(self, raw: socket.socket) -> bool:
        try:
            heard = raw.recv(65536)
        except TimeoutError:
            try:
                raw.sendall(b" ")
            except OSError:
                return False
            return True
        except OSError:
            return False
        self.heard += heard
        return bool(heard)


@contextmanager
def _dripping(url: str, beginnings: Iterable[str]) -> Iterator[list[Dripper]]:
    drippers = [Dripper(url, beginning).start() for beginning in beginnings]
    try:
        yield drippers
    finally:
        for dripper in drippers:
            dripper.join()


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def served(request: pytest.FixtureRequest, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp(request.param)
    with (
        copy_of(prepared, directory, name=f"arbiter_slow_{request.param}") as world,
        world.serving(SERVER=request.param, ARBITER_BODY_SECONDS=str(SECONDS), WORKERS="1") as server,
    ):
        yield Served(request.param, world, server.url)


def test_slow_clients_are_hung_up_on_and_nobody_else_waits_for_them(served: Served) -> None:
    with Load(served.url, deciders=2) as load, _dripping(served.url, list(SENT.values()) * EACH) as drippers:
        load.wait_for(0, decisions=20)

    ends = [dripper.ended_after or 0.0 for dripper in drippers]
    assert max(ends) < SECONDS + A_BURST
    assert sum(end < A_BURST for end in ends) >= len(drippers) - THREADS_FOR_THE_SLOW
    assert {dripper.heard[:12] for dripper in drippers} <= {b"HTTP/1.1 408", b""}
    assert max(answer.seconds for answer in load.decisions) < A_BURST
    assert ({answer.status for answer in load.decisions}, load.broken) == ({200}, 0)


@pytest.mark.parametrize("way", ODD_WAYS)
def test_no_odd_way_of_sending_holds_a_thread(served: Served, way: str) -> None:
    length = "" if "chunked" in ODD_WAYS[way] else "Content-Length: 100\r\n"
    beginning = f"{ODD_WAYS[way]}{HEAD.partition(NEWLINE)[2]}{length}\r\n"

    with _dripping(served.url, [beginning] * 2 * THREADS_FOR_THE_SLOW) as drippers:
        pass

    assert max(dripper.ended_after or 0.0 for dripper in drippers) < SECONDS + A_BURST


def test_a_connection_carries_one_request_at_a_time(served: Served) -> None:
    """Streams of HTTP/2 could not be told apart by what their connection was sent."""
    with _connected(served.url) as raw:
        raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        heard = raw.recv(4096)

    assert heard == b"" or heard.startswith(b"HTTP/1.1 4")


def test_a_head_that_never_ends_keeps_nobody_waiting(served: Served) -> None:
    with (
        Load(served.url, deciders=2) as load,
        _dripping(served.url, [*["POST /v1/decide HTTP/1.1\r\nHost: loc"] * 32, *[""] * 32]) as drippers,
    ):
        load.wait_for(0, decisions=20)
        time.sleep(SECONDS)
        for dripper in drippers:
            dripper.give_up()

    assert max(answer.seconds for answer in load.decisions) < A_BURST
    assert ({answer.status for answer in load.decisions}, load.broken) == ({200}, 0)


def test_a_client_on_a_slow_line_is_served(served: Served) -> None:
    body = b'{"userId": "ada"}'
    with _connected(served.url) as raw:
        raw.sendall(f"{HEAD.format(path='/v1/decide')}Content-Length: {len(body)}\r\n\r\n".encode())
        for at in range(len(body)):
            time.sleep(SECONDS / 2 / len(body))
            raw.sendall(body[at : at + 1])
        heard = raw.recv(4096)

    assert heard.startswith(b"HTTP/1.1 200")


def test_half_a_body_is_no_body(served: Served) -> None:
    """A sender that goes away in mid-body has said nothing, even if what came could be read."""
    event = b'{"userId": "half"}'
    with _connected(served.url) as raw:
        head = HEAD.format(path="/v1/track?eventKey=purchase")
        raw.sendall(f"{head}Content-Length: {len(event) + 10}\r\n\r\n".encode() + event)
        raw.shutdown(socket.SHUT_WR)
        heard = raw.recv(4096)
    with Load(served.url, posters=1) as load:
        load.wait_for(3)
    until(served.world.has_empty_spool, seconds=20)

    assert heard[:12] in (b"HTTP/1.1 408", b"")
    assert not served.world.stored()["half"]


def _connected(url: str) -> socket.socket:
    split = urlsplit(url)
    return socket.create_connection((split.hostname or "", split.port or 0), timeout=10)
