"""Last-Modified, ETag and 304 (testlab contract §2.7)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

DATED = ["/api/feature", "/api/feature/current", "/api/feature/{feature}", "/api/feature/{feature}/variants"]
UNDATED = [
    "/api/events",
    "/api/events/feature/{feature}",
    "/api/analysis/feature/{feature}",
    "/api/users",
    "/api/userblocks",
    "/api/userblocks/20",
]
LATER = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
EARLIER = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)


@pytest.fixture
def feature() -> int:
    made = calling.feature()
    calling.variants(made["id"])
    return int(made["id"])


def _modified(path: str = "/api/feature/current") -> datetime:
    return parsedate_to_datetime(calling.get(path).headers["Last-Modified"])


@pytest.mark.parametrize("path", DATED)
def test_an_exact_echo_is_not_modified(path: str, feature: int) -> None:
    path = path.format(feature=feature)
    whole = calling.get(path)

    again = calling.get(path, **{"if-modified-since": whole.headers["Last-Modified"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Last-Modified"] == whole.headers["Last-Modified"]
    assert again.headers["ETag"] == whole.headers["ETag"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    assert again.headers["Cache-Control"] == whole.headers["Cache-Control"] == "no-cache"
    assert "Content-Type" not in again.headers


@pytest.mark.parametrize("path", [*DATED, *UNDATED])
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_is_not_sent_again_has_no_length(method: str, path: str, feature: int) -> None:
    path = path.format(feature=feature)
    tag = calling.get(path).headers["ETag"]

    again = getattr(Client(), method)(path, headers={"if-none-match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Length" not in again.headers


@pytest.mark.parametrize("path", DATED)
@pytest.mark.parametrize("source", DATED)
def test_the_instant_is_the_same_on_all_four_routes(path: str, source: str, feature: int) -> None:
    known = calling.get(source.format(feature=feature)).headers["Last-Modified"]

    assert calling.get(path.format(feature=feature), **{"if-modified-since": known}).status_code == 304


@pytest.mark.parametrize("path", UNDATED)
def test_other_routes_know_only_entity_tags(path: str, feature: int) -> None:
    path = path.format(feature=feature)
    whole = calling.get(path)

    assert "Last-Modified" not in whole.headers
    assert whole.headers["ETag"].startswith('W/"')
    assert calling.get(path, **{"if-modified-since": LATER}).status_code == 200
    assert calling.get(path, **{"if-none-match": whole.headers["ETag"]}).status_code == 304


def test_answers_to_writes_and_refusals_have_an_entity_tag_too(feature: int) -> None:
    blue = calling.get(f"/api/feature/{feature}/variants").json()[0]

    for answer in (calling.record(blue["id"]), calling.event(blue["id"]), calling.post("/api/feature", {})):
        assert answer.headers["ETag"].startswith('W/"')
    assert calling.event(blue["id"], "62").headers["ETag"] == calling.event(blue["id"], "62").headers["ETag"]


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({}, 200),
        ({"if-modified-since": LATER}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": ""}, 200),
        ({"if-modified-since": "2099-01-01T00:00:00.000Z"}, 304),
        ({"if-modified-since": "Thu, 01 Jan 99999 00:00:00 GMT"}, 200),
        ({"if-none-match": "{etag}"}, 304),
        ({"if-none-match": '"other", {etag}'}, 304),
        ({"if-none-match": "{strong}"}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": "{etag}", "if-modified-since": LATER}, 304),
        ({"if-none-match": '"other"', "if-modified-since": LATER}, 200),
        ({"if-none-match": "{etag}", "if-modified-since": EARLIER}, 200),
        ({"if-modified-since": LATER, "cache-control": "no-cache"}, 200),
        ({"if-none-match": "{etag}", "cache-control": "no-cache"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/api/feature/current", "/api/feature"])
def test_every_condition_must_hold(path: str, conditions: dict[str, str], status: int, feature: int) -> None:
    etag = calling.get(path).headers["ETag"]
    sent = {
        name: text.replace("{etag}", etag).replace("{strong}", etag.removeprefix("W/"))
        for name, text in conditions.items()
    }

    assert calling.get(path, **sent).status_code == status


def test_a_change_is_advertised_a_margin_later(settings: LazySettings) -> None:
    settings.TESTLAB_CHANGE_MARGIN = 3
    before = datetime.now(UTC).replace(microsecond=0)

    calling.feature()

    assert before + timedelta(seconds=3) <= _modified() <= datetime.now(UTC) + timedelta(seconds=4)


@pytest.mark.parametrize("change", ["create", "replace", "delete", "variants", "give", "reset"])
def test_every_write_moves_the_instant(change: str, feature: int) -> None:
    writes = {
        "create": lambda: calling.feature(name="new"),
        "replace": lambda: calling.put(f"/api/feature/{feature}", calling.EXPERIMENT | {"id": feature}),
        "delete": lambda: calling.delete(f"/api/feature/{feature}"),
        "variants": lambda: calling.variants(feature, 0.1, 0.9),
        "give": lambda: calling.put("/api/userblocks", {"name": "100", "feature_id": 9}),
        "reset": lambda: calling.put("/api/userblocks/reset"),
    }
    before = calling.get("/api/feature/current").headers["Last-Modified"]

    writes[change]()

    assert _modified() > parsedate_to_datetime(before)
    assert calling.get("/api/feature/current", **{"if-modified-since": before}).status_code == 200


def test_each_of_several_changes_in_one_second_is_a_new_instant(feature: int) -> None:
    seen = []

    for number in range(1, 16):
        calling.variants(feature, number / 20, 1 - number / 20)
        seen.append(_modified())

    assert seen == sorted(set(seen))


def test_a_block_that_is_given_twice_in_one_second_is_seen_twice(feature: int) -> None:
    others = [feature, calling.feature(name="second")["id"]]
    calling.current()
    seen = [_modified()]

    for number in range(4):
        calling.put("/api/userblocks", {"name": "5", "feature_id": others[(number + 1) % 2]})
        seen.append(_modified())

    assert seen == sorted(set(seen))


@pytest.mark.parametrize("act", ["record", "event", "refused"])
def test_users_events_and_refusals_do_not_move_the_instant(act: str, feature: int) -> None:
    blue = calling.get(f"/api/feature/{feature}/variants").json()[0]
    acts = {
        "record": lambda: calling.record(blue["id"]),
        "event": lambda: calling.event(blue["id"]),
        "refused": lambda: calling.post("/api/feature", {}),
    }
    before = _modified()

    acts[act]()

    assert _modified() == before
