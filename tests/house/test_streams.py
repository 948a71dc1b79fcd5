"""Streams of notifications from a real server: over its one port, from every worker, for as long as one listens."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness import databases
from tests.harness.server import Server, running_server
from tests.wire.agent.calling import DATA

pytestmark = pytest.mark.serial

STREAM = "/v1/notifications/event-stream"
KEY = {"X-Optimizely-SDK-Key": "demo123"}


@contextmanager
def streaming_server(directory: Path, **settings: str) -> Iterator[Server]:
    switched_on = {
        "OPTIMIZELY_API_ENABLENOTIFICATIONS": "true",
        "ARBITER_STREAMS": "24",
        "ARBITER_STREAM_HEARTBEAT": "0.5s",
    }
    with (
        databases.scratch_database(directory) as url,
        running_server(directory / "var", DATABASE_URL=url, **switched_on, **settings) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with streaming_server(tmp_path_factory.mktemp("streams")) as running:
        yield running


class Hearing:
    """What came over one stream so far, read by a thread of its own."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = ""
        self.ended = False
        self._response = response
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for piece in self._response.iter_text():
                self.text += piece
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.ended = True

    def documents(self) -> list[Any]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: ")]


@contextmanager
def hearing(server: Server, query: str = "", key: str = "demo123") -> Iterator[Hearing]:
    headers = {"X-Optimizely-SDK-Key": key}
    with httpx.stream("GET", f"{server.url}{STREAM}{query}", headers=headers, timeout=30) as response:
        yield Hearing(response)


def eventually(claim: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def decide(server: Server, user: str, flag: str = "checkout_button") -> httpx.Response:
    return httpx.post(f"{server.url}/v1/decide?keys={flag}", headers=KEY, json={"userId": user})


def track(server: Server, user: str) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/track?eventKey=purchase", headers=KEY, json={"userId": user})


def test_listeners_hear_every_worker_and_what_they_asked_for(server: Server) -> None:
    with (
        hearing(server) as all_of_it,
        hearing(server, "?filter=track,none") as tracks,
        hearing(server, "?raw=1") as raw,
    ):
        assert (all_of_it.status, all_of_it.headers["content-type"]) == (200, "text/event-stream")
        assert all_of_it.headers["cache-control"] == "no-cache"
        users = [f"user_{number}" for number in range(12)]
        for user in users:
            assert decide(server, user).status_code == 200
        assert track(server, "ada").status_code == 200

        eventually(lambda: len(all_of_it.documents()) == 13 and tracks.documents() and raw.text.count("\n") == 13)

        heard = [document["UserContext"]["ID"] for document in all_of_it.documents()[:12]]
        assert sorted(heard) == sorted(users)
        assert [document["EventKey"] for document in tracks.documents()] == ["purchase"]
        assert [json.loads(line)["UserContext"]["ID"] for line in raw.text.splitlines() if line.strip()] == [
            *heard,
            "ada",
        ]


def test_headers_come_at_once_and_silence_is_broken(server: Server) -> None:
    started = time.monotonic()
    with hearing(server, "?filter=nothing") as stream, hearing(server, "?raw&filter=nothing") as raw:
        assert time.monotonic() - started < 5, "headers wait for no notice"
        decide(server, "ada")

        eventually(lambda: stream.text.count(": nothing happened\n\n") >= 3 and raw.text.count(" ") >= 3)

    assert stream.text.replace(": nothing happened\n\n", "") == ""
    assert raw.text.strip() == ""


def test_refusals_are_those_of_every_route(server: Server) -> None:
    assert httpx.get(f"{server.url}{STREAM}").status_code == 400
    assert httpx.get(f"{server.url}{STREAM}", headers={"X-Optimizely-SDK-Key": "nobody"}).status_code == 403
    assert httpx.post(f"{server.url}{STREAM}", headers=KEY).status_code == 405


def test_listeners_that_read_nothing_hold_up_nobody(server: Server) -> None:
    """More of them than a worker has threads for other requests; then more than may be."""
    silent = [httpx.Client(timeout=30) for _ in range(60)]
    try:
        responses = [
            client.send(client.build_request("GET", f"{server.url}{STREAM}", headers=KEY), stream=True)
            for client in silent
        ]
        statuses = [response.status_code for response in responses]
        assert statuses.count(200) >= 17
        assert set(statuses) <= {200, 429}

        started = time.monotonic()
        for number in range(100):
            assert decide(server, f"user_{number}").status_code == 200

        assert time.monotonic() - started < 20
    finally:
        for client in silent:
            client.close()
    eventually(lambda: _is_let_in(server))


def _is_let_in(server: Server) -> bool:
    """Whether those who went made room."""
    with hearing(server) as stream:
        return stream.status == 200


def test_news_of_a_project_are_told(server: Server, tmp_path: Path) -> None:
    datafile = json.loads((DATA / "datafile_legacy.json").read_text())
    mirror(server, tmp_path, datafile)
    with hearing(server, "?filter=project_config_update", key="NEWS") as stream:
        time.sleep(1)
        mirror(server, tmp_path, datafile | {"revision": "next"})

        eventually(stream.documents)

    assert stream.documents() == [{"Type": "project_config_update", "Revision": "next"}]


def mirror(server: Server, tmp_path: Path, datafile: object) -> None:
    path = tmp_path / "datafile.json"
    path.write_text(json.dumps(datafile))
    command = [sys.executable, "manage.py", "import_datafile", str(path), "--sdk-key", "NEWS"]
    environ = Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0")
    env = dict(entry.decode().split("=", 1) for entry in environ if entry)
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=60)


def test_streams_process_that_dies_is_started_again(server: Server) -> None:
    with hearing(server) as stream:
        for pid in streams_processes(server):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: stream.ended)

    with hearing(server) as again:
        assert again.status == 200
        decide(server, "first")  # may be lost: this worker still thinks that it is connected
        eventually(lambda: decide(server, "ada") and again.documents())


def streams_processes(server: Server) -> list[int]:
    """The process that was started and the worker under it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if b"config.asgi" in command and f"PORT={server.port}\0".encode() in environ:
            found.append(int(entry.name))
    return found


def test_gunicorn_streams_too(tmp_path: Path) -> None:
    with streaming_server(tmp_path, SERVER="gunicorn") as server:
        test_listeners_hear_every_worker_and_what_they_asked_for(server)
        test_headers_come_at_once_and_silence_is_broken(server)
        test_listeners_that_read_nothing_hold_up_nobody(server)


def test_open_streams_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with streaming_server(tmp_path) as server, hearing(server) as stream:
        assert stream.status == 200
        started = time.monotonic()

        assert server.stop() == 0

        assert time.monotonic() - started < 10
        eventually(lambda: stream.ended)
