"""POST, GET `/api/users` and DELETE `/api/users/:id` (testlab contract §2.4)."""

import re
from typing import Any

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

REFUSED = "Error in creating the user in postgres"


@pytest.fixture
def arms() -> list[dict[str, Any]]:
    return calling.variants(calling.feature()["id"])


def test_a_recorded_user_is_answered(arms: list[Any]) -> None:
    response = calling.post("/api/users", {"id": "62", "variant_id": arms[0]["id"], "ip_address": "192.168.101.21"})

    assert response.status_code == 200
    assert list(response.json()) == ["id", "variant_id", "ip_address", "time_stamp"]
    assert response.json() | {"time_stamp": ""} == {
        "id": "62",
        "variant_id": arms[0]["id"],
        "ip_address": "192.168.101.21",
        "time_stamp": "",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", response.json()["time_stamp"])
    assert calling.get("/api/users").json() == [response.json()]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("", ""), (62, "62"), (6.5, "6.5"), ({"a": 1}, '{"a":1}'), ([1], "[1]"), (True, "true"), ("é😀", "é😀")],
)
def test_any_id_is_taken_as_text(sent: Any, stored: str, arms: list[Any]) -> None:
    assert calling.record(arms[0]["id"], sent).json()["id"] == stored
    assert calling.get("/api/users").json()[0]["id"] == stored


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("192.168.101.21", "192.168.101.21"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.1.2.3/8"),
        ("10.1.2.3/32", "10.1.2.3"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ],
)
def test_addresses_are_answered_as_postgresql_writes_them(sent: str, answered: str, arms: list[Any]) -> None:
    assert calling.record(arms[0]["id"], ip_address=sent).json()["ip_address"] == answered


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_address": "nowhere"},
        {"ip_address": None},
        {"ip_address": ""},
        {"ip_address": "1.2.3.4.5"},
        {"ip_address": "10.0.0.0/255.0.0.0"},
        {"ip_address": "fe80::1%eth0"},
        {"ip_address": " 1.2.3.4"},
        {"ip_address": 7},
        {"id": None},
        {"id": "with \u0000"},
        {"id": "x" * 256},
        {"variant_id": 0},
        {"variant_id": "blue"},
        {"variant_id": None},
        {"variant_id": 2**63},
        {"variant_id": 2**31},
    ],
)
def test_what_no_user_can_be_is_refused(fields: dict[str, Any], arms: list[Any]) -> None:
    sent = {"id": "62", "variant_id": arms[0]["id"], "ip_address": "192.168.101.21"}

    response = calling.post("/api/users", sent | fields)

    assert (response.status_code, response.json()) == (403, REFUSED)
    assert calling.get("/api/users").json() == []


@pytest.mark.parametrize("missing", ["id", "variant_id", "ip_address"])
def test_all_three_fields_are_needed(missing: str, arms: list[Any]) -> None:
    sent = {"id": "62", "variant_id": arms[0]["id"], "ip_address": "192.168.101.21"}
    del sent[missing]

    assert calling.post("/api/users", sent).status_code == 403


def test_a_variant_may_be_named_by_text(arms: list[Any]) -> None:
    assert calling.record(str(arms[0]["id"])).json()["variant_id"] == arms[0]["id"]


def test_a_repeat_answers_the_stored_row(arms: list[Any]) -> None:
    first = calling.record(arms[0]["id"]).json()

    again = calling.record(arms[0]["id"], ip_address="10.0.0.1")

    assert (again.status_code, again.json()) == (200, first)
    assert len(calling.get("/api/users").json()) == 1


def test_another_variant_of_the_same_experiment_is_refused(arms: list[Any]) -> None:
    calling.record(arms[0]["id"])

    response = calling.record(arms[1]["id"])

    assert (response.status_code, response.json()) == (403, REFUSED)
    assert [row["variant_id"] for row in calling.get("/api/users").json()] == [arms[0]["id"]]


def test_one_user_may_take_part_in_several_experiments(arms: list[Any]) -> None:
    others = calling.variants(calling.feature(name="second")["id"])
    calling.record(arms[0]["id"])

    assert calling.record(others[1]["id"]).status_code == 200
    assert [row["variant_id"] for row in calling.get("/api/users").json()] == [arms[0]["id"], others[1]["id"]]


def test_a_deleted_user_is_gone_with_the_events(arms: list[Any]) -> None:
    for user in ("62", "63"):
        calling.record(arms[0]["id"], user)
        calling.event(arms[0]["id"], user)

    response = calling.delete("/api/users/62")

    assert (response.status_code, response.json()) == (200, "User with id 62 was deleted")
    assert [row["id"] for row in calling.get("/api/users").json()] == ["63"]
    assert [row["user_id"] for row in calling.get("/api/events").json()] == ["63"]
    assert calling.event(arms[0]["id"], "62").status_code == 403


def test_a_deleted_user_may_come_back_with_another_variant(arms: list[Any]) -> None:
    calling.record(arms[0]["id"])
    calling.delete("/api/users/62")

    assert calling.record(arms[1]["id"]).status_code == 200


@pytest.mark.parametrize("user_id", ["nobody", "a%20b", "a%2Fb", "me@example.com"])
def test_an_absent_user_is_deleted_already(user_id: str) -> None:
    response = calling.delete(f"/api/users/{user_id}")

    name = user_id.replace("%20", " ").replace("%2F", "/")
    assert (response.status_code, response.json()) == (200, f"User with id {name} was deleted")


def test_an_id_that_no_database_holds_cannot_be_deleted() -> None:
    response = calling.delete("/api/users/a%00b")

    assert (response.status_code, response.json()) == (403, "Error in deleting the user in postgres")


def test_one_user_cannot_be_read() -> None:
    response = calling.get("/api/users/62")

    assert (response.status_code, response.json()) == (404, {"error": "unknown endpoint"})
