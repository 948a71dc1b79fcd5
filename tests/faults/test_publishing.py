"""Several publishers at once on a running server whose workers are killed meanwhile: old or new, never a mix."""

import contextlib
import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.world import World, oldest_worker
from tests.harness.waiting import until

pytestmark = pytest.mark.alone

SERVICE = "0de30000-0000-4000-8000-000000000001"
PUBLICATIONS = 12
DATAFILE = "/datafiles/demo123.json"


def _request(url: str, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Readers:
    """Read the datafile again and again, and note what was sent under each revision."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: dict[int, set[bytes]] = {}
        self._done = threading.Event()

    @contextmanager
    def reading(self, number: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._run) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._done.set()
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, body = _request(self.url, "GET", DATAFILE)
                assert status == 200
                self.bodies.setdefault(int(json.loads(body)["revision"]), set()).add(body)


def _publish(url: str, name: str) -> None:
    """Make an experiment, which publishes, until somebody says that it is done."""

    def is_done() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            body = {"name": name, "service_id": SERVICE, "active": False}
            status, _ = _request(url, "POST", f"/api/v1/services/{SERVICE}/experiments", body)
            return status == 200
        return False

    until(is_done, seconds=30)


def _publish_all(url: str, side: str) -> None:
    for number in range(PUBLICATIONS):
        _publish(url, f"{side} {number}")


def _names(url: str) -> set[str]:
    _, body = _request(url, "GET", f"/api/v1/services/{SERVICE}/experiments")
    return {row["name"] for row in json.loads(body)}


def test_publishers_and_a_killed_worker_leave_every_reader_with_old_or_new(world: World) -> None:
    with world.serving(SERVER="gunicorn") as server:
        readers = Readers(server.url)
        publishers = [threading.Thread(target=_publish_all, args=(server.url, side)) for side in ("left", "right")]
        with readers.reading(4):
            for publisher in publishers:
                publisher.start()
            for _ in range(3):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(oldest_worker(server), signal.SIGKILL)
                _publish(server.url, "between")
            for publisher in publishers:
                publisher.join()
            last = _stored_revision(world)
            until(lambda: all(_revision(server.url) == last for _ in range(16)), seconds=10)

        assert {f"{side} {n}" for side in ("left", "right") for n in range(PUBLICATIONS)} <= _names(server.url)
    assert len(readers.bodies) > 2, "the readers saw no change"
    mixed = {revision: len(bodies) for revision, bodies in readers.bodies.items() if len(bodies) > 1}
    assert not mixed


def _revision(url: str) -> int:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return int(json.loads(_request(url, "GET", DATAFILE)[1])["revision"])
    return -1


def _stored_revision(world: World) -> int:
    return world.number("SELECT revision FROM experiments_project WHERE key = 'demo'")
