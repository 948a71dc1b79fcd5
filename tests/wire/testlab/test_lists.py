"""Long lists: parts by parameters, compression, the list of users kept rendered (testlab contract §3.2, §7)."""

import gzip
from typing import Any

import pytest
from django.test import Client

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


@pytest.fixture
def arms() -> list[dict[str, Any]]:
    """Two experiments' arms; eight users, the odd ones in the second experiment; one event each."""
    first = calling.variants(calling.feature(name="first")["id"])
    second = calling.variants(calling.feature(name="second")["id"])
    for number in range(8):
        arm = (first, second)[number % 2][0]
        calling.record(arm["id"], f"user {number}")
        calling.event(arm["id"], f"user {number}")
    return [first[0], second[0]]


def _users(query: str = "") -> list[str]:
    return [row["id"] for row in calling.get(f"/api/users{query}").json()]


def test_a_limit_and_its_next_page_walk_through_all(arms: list[Any]) -> None:
    for path, name in (("/api/users", "id"), ("/api/events", "user_id")):
        seen: list[str] = []
        after = "0"
        while len(seen) < 8:
            page = calling.get(f"{path}?limit=3&after={after}")
            seen += [row[name] for row in page.json()]
            after = page.headers["X-Next-After"]
        assert seen == [f"user {number}" for number in range(8)]


@pytest.mark.parametrize("path", ["/api/users", "/api/events", "/api/events/feature/{feature_id}"])
def test_who_has_seen_all_goes_on_from_there(path: str, arms: list[Any]) -> None:
    path = path.format(**arms[0])
    last = calling.get(f"{path}?limit=100").headers["X-Next-After"]

    page = calling.get(f"{path}?after={last}")

    assert (page.json(), page.headers["X-Next-After"]) == ([], last)


def test_events_are_continued_after_an_event(arms: list[Any]) -> None:
    ids = [row["id"] for row in calling.get("/api/events").json()]

    assert [row["id"] for row in calling.get(f"/api/events?after={ids[4]}").json()] == ids[5:]


@pytest.mark.parametrize("path", ["/api/users", "/api/events"])
def test_a_list_may_be_of_one_feature(path: str, arms: list[Any]) -> None:
    rows = calling.get(f"{path}?feature_id={arms[1]['feature_id']}").json()

    assert {row["variant_id"] for row in rows} == {arms[1]["id"]}
    assert len(rows) == 4


@pytest.mark.parametrize("path", ["/api/users", "/api/events"])
def test_a_list_may_begin_at_an_instant(path: str, arms: list[Any]) -> None:
    assert len(calling.get(f"{path}?since=2020-01-01").json()) == 8
    assert calling.get(f"{path}?since=2099-01-01T00:00:00Z").json() == []
    assert len(calling.get(f"{path}?since=2020-01-01T00:00:00+02:00").json()) == 8


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "after=x", "since=yesterday", "feature_id=x"])
@pytest.mark.parametrize("path", ["/api/users", "/api/events"])
def test_parameters_that_make_no_sense_are_refused(path: str, query: str) -> None:
    assert calling.get(f"{path}?{query}").status_code == 403


def test_unknown_parameters_change_nothing(arms: list[Any]) -> None:
    assert calling.get("/api/users?_=17").json() == calling.get("/api/users").json()


def test_the_list_of_users_follows_every_change(arms: list[Any]) -> None:
    everybody = [f"user {number}" for number in range(8)]
    assert _users() == everybody

    calling.record(arms[0]["id"], "new")
    assert _users() == [*everybody, "new"]

    calling.delete("/api/users/user%203")
    assert _users() == [*everybody[:3], *everybody[4:], "new"]

    calling.record(arms[1]["id"], "user 3")
    assert _users() == [*everybody[:3], *everybody[4:], "new", "user 3"]

    calling.delete(f"/api/feature/{arms[1]['feature_id']}")
    assert _users() == ["user 0", "user 2", "user 4", "user 6", "new"]


def test_the_list_of_users_is_compressed_for_those_who_ask(arms: list[Any]) -> None:
    plain = calling.get("/api/users")
    packed = calling.get("/api/users", **{"accept-encoding": "deflate, gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]

    calling.record(arms[0]["id"], "new")

    packed = calling.get("/api/users", **{"accept-encoding": "gzip"})
    assert gzip.decompress(packed.content) == calling.get("/api/users").content


def test_long_lists_of_events_are_compressed_for_those_who_ask(arms: list[Any]) -> None:
    for path in ("/api/events", f"/api/events/feature/{arms[0]['feature_id']}"):
        for _ in range(8):
            calling.event(arms[0]["id"], "user 0")
        plain = calling.get(path)
        packed = calling.get(path, **{"accept-encoding": "gzip"})

        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert packed.headers["ETag"] == plain.headers["ETag"]
        again = calling.get(path, **{"accept-encoding": "gzip", "if-none-match": packed.headers["ETag"]})
        assert (again.status_code, again.content, "Content-Encoding" in again.headers) == (304, b"", False)


def test_a_page_of_another_origin_may_read_where_the_list_goes_on(arms: list[Any]) -> None:
    assert calling.get("/api/events?limit=2").headers["Access-Control-Expose-Headers"] == "X-Next-After"


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_who_cannot_unpack_gets_it_plain(accepted: str, arms: list[Any]) -> None:
    response = calling.get("/api/users", **{"accept-encoding": accepted})

    assert "Content-Encoding" not in response.headers
    assert len(response.json()) == 8


def test_an_unchanged_list_of_users_is_not_sent_again(arms: list[Any]) -> None:
    tag = calling.get("/api/users").headers["ETag"]

    assert calling.get("/api/users", **{"if-none-match": tag}).status_code == 304
    calling.record(arms[0]["id"], "new")
    assert calling.get("/api/users", **{"if-none-match": tag}).status_code == 200


def test_the_head_of_the_compressed_list_has_no_body(arms: list[Any]) -> None:
    response = Client().head("/api/users", headers={"accept-encoding": "gzip"})

    assert (response.status_code, response.content) == (200, b"")
