"""The hot routes: both doors say the same, an unchanged poll reads nothing, and no poll ever fails (§2.7, §3.1)."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connection
from pytest_django import DjangoAssertNumQueries, Settings

from config.lane import Lane
from config.routes.hot import HOT
from config.wire.message import Request
from decisions import lifecycle, snapshots
from decisions.lab import current as state
from experiments.models import Project
from features.models import Flag
from tests.wire.testlab import calling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connections_stay_open")]

JSON = {"CONTENT_TYPE": "application/json"}
CONTRACT_HEADERS = ("Content-Type", "ETag", "Last-Modified", "Access-Control-Allow-Origin", "Content-Encoding", "Vary")

Seen = tuple[int, bytes, dict[str, str]]


def _ask(application: Any, method: str, path: str, body: bytes, headers: dict[str, str]) -> Seen:
    seen: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **headers,
    }
    answer = b"".join(application(environ, lambda status, sent, exc_info=None: seen.extend((status, dict(sent)))))
    status, sent = seen
    return int(status[:3]), answer, {name: sent[name] for name in CONTRACT_HEADERS if name in sent}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", "/api/feature/current", None, {}),
        ("GET", "/api/feature/current", None, {"HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 2099 00:00:00 GMT"}),
        ("GET", "/api/feature/current", None, {"HTTP_CACHE_CONTROL": "no-cache"}),
        ("GET", "/api/users", None, {}),
        ("GET", "/api/users", None, {"HTTP_ACCEPT_ENCODING": "gzip"}),
        ("POST", "/api/users", {"id": "62", "variant_id": "{blue}", "ip_address": "10.0.0.1"}, JSON),
        ("POST", "/api/users", {"id": "62", "variant_id": "{red}", "ip_address": "10.0.0.1"}, JSON),
        ("POST", "/api/users", {"id": "62"}, JSON),
        ("POST", "/api/users", "text", JSON),
        ("POST", "/api/events", {"user_id": "62", "variant_id": "{blue}"}, JSON),
        ("POST", "/api/events", {"user_id": "nobody", "variant_id": "{blue}"}, JSON),
        ("POST", "/api/events", {"user_id": "62", "variant_id": "{blue}"}, {"CONTENT_TYPE": "text/plain"}),
    ],
)
def test_both_doors_say_the_same(method: str, path: str, body: Any, headers: dict[str, str]) -> None:
    blue, red = calling.variants(calling.feature()["id"])
    calling.record(blue["id"], "62")
    django = get_wsgi_application()
    sent = b"" if body is None else orjson.dumps(body)
    sent = sent.replace(b"{blue}", str(blue["id"]).encode()).replace(b"{red}", str(red["id"]).encode())

    through_lane = _ask(Lane(django, HOT), method, path, sent, headers)
    through_django = _ask(django, method, path, sent, headers)

    assert (method, path) in HOT
    assert through_lane == through_django


@pytest.fixture
def following(settings: Settings) -> None:
    """As in a server: reads never ask the database."""
    settings.INLINE_SNAPSHOTS = False


@pytest.mark.parametrize("since", ["", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_an_unchanged_poll_asks_the_database_nothing(
    following: None, since: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    calling.feature()
    snapshots.refresh()
    asked = Request("GET", "/api/feature/current", {"HTTP_IF_MODIFIED_SINCE": since} if since else {})
    first = HOT["GET", "/api/feature/current"](asked)

    with django_assert_num_queries(0):
        again = HOT["GET", "/api/feature/current"](asked)

    assert again == first
    assert first.status == (304 if since else 200)


def _refuse(*args: Any, **kwargs: Any) -> None:
    raise DatabaseError("the database is away")


@pytest.fixture
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    yield lambda: monkeypatch.setattr(connection, "cursor", _refuse)
    monkeypatch.undo()


def test_while_the_database_is_away_polls_get_what_was_last_read(database_away: Callable[[], None]) -> None:
    calling.feature()
    before = calling.current()

    database_away()

    assert calling.current() == before


def test_what_is_written_when_the_database_is_back_shows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = calling.feature()
    known = calling.get("/api/feature/current").headers["Last-Modified"]
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", _refuse)
        assert [row["id"] for row in calling.current()["experiments"]] == [made["id"]]

    calling.delete(f"/api/feature/{made['id']}")

    assert calling.current()["experiments"] == []
    assert calling.get("/api/feature/current", **{"if-modified-since": known}).status_code == 200


def test_a_poll_during_an_outage_hides_nothing_from_the_next(following: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = calling.feature()
    calling.current()
    outage = datetime.now(UTC) + timedelta(minutes=10)
    back = outage + timedelta(seconds=30)
    Flag.objects.filter(pk=made["id"]).update(description="edited")
    lifecycle.publish(project=Project.objects.get(key="testlab"), now=outage)
    snapshots.refresh()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", _refuse)
        seen = state.at(project_key="testlab", now=back)
    monkeypatch.setattr(state, "PATIENCE_SECONDS", 0)

    read = state.at(project_key="testlab", now=back)

    assert seen.changed_at < outage < back == read.changed_at


def test_other_routes_are_refused_in_their_own_words_while_the_database_is_away(
    database_away: Callable[[], None],
) -> None:
    blue, _ = calling.variants(calling.feature()["id"])
    calling.current()

    database_away()

    assert calling.event(blue["id"]).json() == "Error in creating the event in postgres"
    assert calling.get("/api/users").json() == "Error getting the users in postgres"
    assert calling.get("/api/userblocks").status_code == 403


def test_an_answer_without_content_announces_none() -> None:
    sent: dict[str, str] = {}

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        sent.update({"status": status}, **dict(headers))

    lane = Lane(get_wsgi_application(), HOT)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/feature/current", "wsgi.input": io.BytesIO()}
    assert b"".join(lane({**environ}, start)) and "Content-Length" in sent
    tag = sent["ETag"]
    sent.clear()

    b"".join(lane({**environ, "HTTP_IF_NONE_MATCH": tag}, start))

    assert sent["status"] == "304 Not Modified" and "Content-Length" not in sent
