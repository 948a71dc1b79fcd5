"""GET, POST, PUT, DELETE `/api/feature` (testlab contract §2.1, §2.2)."""

from typing import Any

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

REFUSED_NEW = "Error in creating the feature in postgres"
REFUSED_CHANGE = "Error in updating the feature in postgres"
REFUSED_READ = "Error getting the feature in postgres"


def test_a_created_feature_is_answered_whole() -> None:
    response = calling.post(
        "/api/feature",
        {
            "type_id": 3,
            "name": "experiment with sidenav",
            "start_date": "2/23/23",
            "end_date": "4/24/23",
            "is_running": True,
            "user_percentage": 0.5,
        },
    )

    assert response.status_code == 200
    assert list(response.json().items()) == [
        ("id", response.json()["id"]),
        ("type_id", 3),
        ("name", "experiment with sidenav"),
        ("start_date", "2023-02-23T00:00:00.000Z"),
        ("end_date", "2023-04-24T00:00:00.000Z"),
        ("is_running", True),
        ("user_percentage", 0.5),
        ("description", ""),
        ("variant_arr", []),
    ]
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_feature_runs_and_is_for_everybody_unless_said_otherwise() -> None:
    made = calling.post(
        "/api/feature", {"type_id": 1, "name": "x", "start_date": "today", "end_date": "tomorrow"}
    ).json()

    assert (made["is_running"], made["user_percentage"], made["description"]) == (True, 1, "")


def test_a_null_description_stays_null() -> None:
    assert calling.feature(description=None)["description"] is None


@pytest.mark.parametrize("share", [0, 1, 0.05, 0.55, 0.123456])
def test_the_percentage_is_answered_as_a_number(share: float) -> None:
    made = calling.feature(user_percentage=share)

    assert made["user_percentage"] == share
    assert not isinstance(made["user_percentage"], str)


@pytest.mark.parametrize(
    ("field", "sent", "answered"),
    [
        ("type_id", "3", 3),
        ("user_percentage", "0.50", 0.5),
        ("user_percentage", " 5e-1 ", 0.5),
        *(("is_running", text, True) for text in ("yes", "on", "t", "1", "TRUE", "y", 1)),
        *(("is_running", text, False) for text in ("no", "off", "f", "0", "False", "n", 0)),
        ("name", 12, "12"),
        ("name", "", ""),
    ],
)
def test_values_may_be_written_as_text(field: str, sent: Any, answered: Any) -> None:
    assert calling.feature(**{field: sent})[field] == answered


@pytest.mark.parametrize(
    "fields",
    [
        {"type_id": 4},
        {"type_id": 0},
        {"type_id": "x"},
        {"type_id": None},
        {"type_id": 3.5},
        {"type_id": True},
        {"name": None},
        {"name": "with \u0000"},
        {"name": "n" * 256},
        {"description": "with \u0000"},
        {"user_percentage": 1.01},
        {"user_percentage": -0.1},
        {"user_percentage": "half"},
        {"user_percentage": "NaN"},
        {"user_percentage": None},
        {"is_running": "maybe"},
        {"is_running": "o"},
        {"is_running": None},
        {"start_date": None},
        {"end_date": "23/2/23"},
    ],
)
def test_what_no_feature_can_be_is_refused_and_nothing_is_made(fields: dict[str, Any]) -> None:
    response = calling.post("/api/feature", calling.EXPERIMENT | fields)

    assert (response.status_code, response.json()) == (403, REFUSED_NEW)
    assert calling.get("/api/feature").json() == []


@pytest.mark.parametrize("missing", ["type_id", "name", "start_date", "end_date"])
def test_what_a_feature_needs_must_be_sent(missing: str) -> None:
    sent = {name: value for name, value in calling.EXPERIMENT.items() if name != missing}

    response = calling.post("/api/feature", sent)

    assert (response.status_code, response.json()) == (403, REFUSED_NEW)


def test_a_name_is_given_once() -> None:
    calling.feature(name="once")

    response = calling.post("/api/feature", calling.EXPERIMENT | {"name": "once"})

    assert (response.status_code, response.json()) == (403, REFUSED_NEW)


def test_names_of_another_case_are_other_names() -> None:
    calling.feature(name="once")

    assert calling.feature(name="ONCE")["name"] == "ONCE"


def test_an_end_before_the_start_is_accepted() -> None:
    assert calling.feature(start_date="2023-05-01", end_date="2023-04-01")["end_date"] == "2023-04-01T00:00:00.000Z"


def test_unknown_keys_are_ignored() -> None:
    made = calling.feature(startDate="x", userPercentage=7, type="y", variant_arr=[{"id": 1}])

    assert made["variant_arr"] == []


def test_features_are_listed_by_id_with_their_variants() -> None:
    first, second = calling.feature(name="b"), calling.feature(name="a", type_id=2)
    calling.variants(first["id"])

    listed = calling.get("/api/feature").json()

    assert [row["id"] for row in listed] == [first["id"], second["id"]]
    assert [arm["value"] for arm in listed[0]["variant_arr"]] == ["blue", "red"]
    assert listed[1]["variant_arr"] == []


def test_a_feature_is_found_by_its_id_with_its_variants() -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])

    found = calling.get(f"/api/feature/{made['id']}").json()

    assert found == made | {"variant_arr": [{k: v for k, v in arm.items() if k != "feature_id"} for arm in arms]}


@pytest.mark.parametrize("name", ["0", "bad", "99999999999999999999", "1.5", "-3", "1e3", "%00"])
def test_a_feature_that_is_not_there_is_a_403(name: str) -> None:
    response = calling.get(f"/api/feature/{name}")

    assert (response.status_code, response.json()) == (403, REFUSED_READ)


def test_a_feature_is_replaced_and_keeps_its_variants() -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])

    response = calling.put(
        f"/api/feature/{made['id']}",
        {
            "id": made["id"],
            "type_id": 3,
            "name": "1_feature_changed",
            "start_date": "2023-02-23T07:00:00.000Z",
            "end_date": "2024-02-23T07:00:00.000Z",
            "is_running": False,
            "user_percentage": 0.5,
            "startDate": "ignored",
        },
    )

    assert response.status_code == 200
    assert response.json() == {
        "id": made["id"],
        "type_id": 3,
        "name": "1_feature_changed",
        "start_date": "2023-02-23T00:00:00.000Z",
        "end_date": "2024-02-23T00:00:00.000Z",
        "is_running": False,
        "user_percentage": 0.5,
        "description": None,
        "variant_arr": [{k: v for k, v in arm.items() if k != "feature_id"} for arm in arms],
    }


def test_sending_back_what_was_answered_changes_nothing() -> None:
    made = calling.feature()

    again = calling.put(f"/api/feature/{made['id']}", made).json()

    assert again == made
    assert calling.get(f"/api/feature/{made['id']}").json() == made


@pytest.mark.parametrize(
    "fields",
    [
        {"type_id": 9},
        {"user_percentage": 2},
        {"is_running": None},
        {"start_date": "23/2/23"},
        {"name": "taken"},
        {"id": None},
        {"id": "abc"},
    ],
)
def test_a_refused_change_leaves_the_feature_its_variants_and_users(fields: dict[str, Any]) -> None:
    made = calling.feature()
    calling.feature(name="taken", type_id=1)
    blue, _ = calling.variants(made["id"])
    calling.record(blue["id"])
    before = calling.get(f"/api/feature/{made['id']}").json()

    response = calling.put(f"/api/feature/{made['id']}", made | fields)

    assert (response.status_code, response.json()) == (403, REFUSED_CHANGE)
    assert calling.get(f"/api/feature/{made['id']}").json() == before
    assert len(calling.get("/api/users").json()) == 1


@pytest.mark.parametrize(
    "missing", ["id", "type_id", "name", "start_date", "end_date", "is_running", "user_percentage"]
)
def test_a_change_is_a_whole_replacement(missing: str) -> None:
    made = calling.feature()

    sent = {name: value for name, value in made.items() if name != missing}
    response = calling.put(f"/api/feature/{made['id']}", sent)

    assert (response.status_code, response.json()) == (403, REFUSED_CHANGE)


def test_the_path_says_which_feature_is_changed() -> None:
    first, second = calling.feature(), calling.feature(name="other")

    response = calling.put(f"/api/feature/{first['id']}", second | {"name": "new"})

    assert (response.status_code, response.json()) == (403, REFUSED_CHANGE)
    assert [row["name"] for row in calling.get("/api/feature").json()] == [first["name"], "other"]


@pytest.mark.parametrize("name", ["0", "x"])
def test_a_feature_that_is_not_there_cannot_be_changed(name: str) -> None:
    response = calling.put(f"/api/feature/{name}", calling.EXPERIMENT | {"id": 0 if name == "0" else "abc"})

    assert (response.status_code, response.json()) == (403, REFUSED_CHANGE)


def test_a_deleted_feature_takes_its_variants_users_and_events_with_it() -> None:
    made = calling.feature()
    blue, _ = calling.variants(made["id"])
    calling.record(blue["id"])
    calling.event(blue["id"])

    response = calling.delete(f"/api/feature/{made['id']}")

    assert (response.status_code, response.json()) == (200, f"feature with id {made['id']} successfully deleted.")
    assert calling.get(f"/api/feature/{made['id']}").status_code == 403
    assert calling.get("/api/users").json() == []
    assert calling.get("/api/events").json() == []
    assert calling.event(blue["id"]).status_code == 403


def test_a_name_is_free_again_when_its_feature_is_deleted() -> None:
    made = calling.feature()
    calling.delete(f"/api/feature/{made['id']}")

    assert calling.feature()["id"] != made["id"]


def test_what_does_not_exist_is_deleted_already() -> None:
    response = calling.delete("/api/feature/5031")

    assert (response.status_code, response.json()) == (200, "feature with id 5031 successfully deleted.")


def test_only_a_number_can_be_deleted() -> None:
    response = calling.delete("/api/feature/abc")

    assert (response.status_code, response.json()) == (403, "Error in deleting the feature in postgres")
