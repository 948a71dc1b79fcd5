"""POST, GET `/api/events` and GET `/api/events/feature/:id` (testlab contract §2.4)."""

import re
from typing import Any

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

REFUSED = "Error in creating the event in postgres"
REFUSED_READ = "Error getting the events in postgres"


@pytest.fixture
def arms() -> list[dict[str, Any]]:
    arms = calling.variants(calling.feature()["id"])
    calling.record(arms[0]["id"], "61")
    return arms


def test_an_event_is_acknowledged_and_listed(arms: list[Any]) -> None:
    response = calling.post("/api/events", {"user_id": "61", "variant_id": arms[0]["id"]})

    assert (response.status_code, response.json()) == (200, "Event added to database.")
    (row,) = calling.get("/api/events").json()
    assert list(row) == ["id", "variant_id", "user_id", "time_stamp"]
    assert (row["variant_id"], row["user_id"]) == (arms[0]["id"], "61")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["time_stamp"])


def test_every_repeat_counts(arms: list[Any]) -> None:
    for _ in range(3):
        calling.event(arms[0]["id"], "61")

    ids = [row["id"] for row in calling.get("/api/events").json()]
    assert len(set(ids)) == 3
    assert ids == sorted(ids)


def test_an_event_may_be_of_a_variant_the_user_does_not_have(arms: list[Any]) -> None:
    assert calling.event(arms[1]["id"], "61").status_code == 200


def test_a_variant_may_be_named_by_text_and_a_user_by_number(arms: list[Any]) -> None:
    assert calling.event(str(arms[0]["id"]), 61).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "nobody"},
        {"user_id": None},
        {"user_id": "\u0000"},
        {"user_id": "x" * 256},
        {"variant_id": 0},
        {"variant_id": None},
        {"variant_id": "blue"},
        {"variant_id": 2**64},
    ],
)
def test_an_event_of_nobody_or_nothing_is_refused(fields: dict[str, Any], arms: list[Any]) -> None:
    response = calling.post("/api/events", {"user_id": "61", "variant_id": arms[0]["id"]} | fields)

    assert (response.status_code, response.json()) == (403, REFUSED)
    assert calling.get("/api/events").json() == []


@pytest.mark.parametrize("missing", ["user_id", "variant_id"])
def test_both_fields_are_needed(missing: str, arms: list[Any]) -> None:
    sent = {"user_id": "61", "variant_id": arms[0]["id"]}
    del sent[missing]

    assert calling.post("/api/events", sent).status_code == 403


def test_the_events_of_a_feature_come_with_their_variant(arms: list[Any]) -> None:
    other = calling.variants(calling.feature(name="other")["id"])
    feature_id = arms[0]["feature_id"]
    calling.event(arms[0]["id"], "61")
    calling.event(other[0]["id"], "61")

    (row,) = calling.get(f"/api/events/feature/{feature_id}").json()

    assert list(row) == [
        "event_id",
        "variant_id",
        "user_id",
        "time_stamp",
        "feature_id",
        "value",
        "is_control",
        "weight",
    ]
    assert (row["feature_id"], row["value"], row["is_control"], row["weight"]) == (feature_id, "blue", True, "0.5")
    assert row["event_id"] == calling.get("/api/events").json()[0]["id"]


@pytest.mark.parametrize("feature_id", [0, 2**31])
def test_an_unknown_feature_has_no_events(feature_id: int) -> None:
    response = calling.get(f"/api/events/feature/{feature_id}")

    assert (response.status_code, response.json()) == (200, [])


def test_the_events_of_something_that_is_no_number_cannot_be_listed() -> None:
    response = calling.get("/api/events/feature/x")

    assert (response.status_code, response.json()) == (403, REFUSED_READ)
