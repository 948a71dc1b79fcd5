"""From publishing to deciding: how long until every worker of a running server decides by the new revision."""

import http.client
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks import served
from tests.benchmarks.report import Row, at_most
from tests.harness import postgres

PUBLICATIONS = 100
WATCHERS = 8
SERVICE = "0de30000-0000-4000-8000-000000000001"
BARS = {"sqlite": 500.0, "postgresql": 100.0}


def rows() -> list[Row]:
    return [_measured(database) for database in BARS]


def _measured(database: str) -> Row:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {}
        if database == "postgresql":
            url = stack.enter_context(postgres.private_server(*served.DURABLE))
            settings = {"DATABASE_URL": f"{url}/postgres", "WORKERS": "4"}
        server = stack.enter_context(served.arbiter(directory / "var", flags=1, **settings))
        watchers = [_connect(server.url) for _ in range(WATCHERS)]
        delays = sorted(_publish_and_wait(server.url, watchers) for _ in range(PUBLICATIONS))
    remark = (
        f"median {delays[len(delays) // 2]:.1f} ms; from the publisher's answer to the last of {WATCHERS} connections"
    )
    workers = settings.get("WORKERS", "1")
    return at_most(
        f"publish to every worker, {database} ({workers} workers), p99", delays[-2], BARS[database], " ms", remark
    )


def _connect(url: str) -> http.client.HTTPConnection:
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=10)
    connection.connect()
    return connection


def _publish_and_wait(url: str, watchers: list[http.client.HTTPConnection]) -> float:
    """Milliseconds until every connection is answered by the revision that was just published."""
    before = max(_revision(watcher) for watcher in watchers)
    publisher = _connect(url)
    body = json.dumps({"name": f"bench {before}", "service_id": SERVICE, "active": False})
    publisher.request("POST", f"/api/v1/services/{SERVICE}/experiments", body, {"Content-Type": "application/json"})
    answer = publisher.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    published = time.perf_counter()
    for watcher in watchers:
        while _revision(watcher) <= before:
            time.sleep(0.0005)
    return (time.perf_counter() - published) * 1000


def _revision(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/datafiles/demo123.json")
    return int(json.loads(connection.getresponse().read())["revision"])
