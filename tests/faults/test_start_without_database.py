"""A server that starts while its database is away decides by what was last published, and says so."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.faults.load import HEADERS
from tests.faults.world import World

pytestmark = pytest.mark.alone

NOWHERE = "postgres://nobody:x@127.0.0.1:1/nothing"


def _asked(url: str, method: str, path: str, body: object = None) -> tuple[int, str]:
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_last_good_copy_is_served_and_health_and_metrics_say_so(world: World) -> None:
    ada = {"userId": "ada"}
    with world.serving() as server:
        before = _asked(server.url, "POST", "/v1/decide", ada)
    with world.serving(through=NOWHERE, WORKERS="1") as server:
        after = _asked(server.url, "POST", "/v1/decide", ada)
        stored, _ = _asked(server.url, "POST", "/v1/track?eventKey=purchase", {"userId": "meanwhile"})
        _, health = _asked(server.url, "GET", "/health?detail")
        _, metrics = _asked(server.url, "GET", "/metrics")
        assert "The database is away" in server.printed()
    world.manage("keep", "--once")

    assert (before[0], after) == (200, before)
    assert stored == 200
    assert json.loads(health)["database_away_since"]
    assert "arbiter_database_away 1.0" in metrics
    assert world.stored()["meanwhile"] == 1
