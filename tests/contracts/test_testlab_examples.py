"""The requests of the Test Lab document as it prints them, answered as the contract says where the two differ.

Ids are those of the rows at hand; dates are UTC midnights, an answer to a creation is the whole feature (§2.1, §2.2).
"""

import json
import re
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

CREATE_FEATURE = """{
  "type_id": 3,
  "name": "experiment with sidenav",
  "start_date": "2/23/23",
  "end_date": "4/24/23",
  "is_running": true,
  "user_percentage": 0.5
}"""
UPDATE_FEATURE = """{
  "id": 4730,
  "type_id": 3,
  "name": "1_feature_changed",
  "start_date": "2023-02-23T07:00:00.000Z",
  "end_date": "2024-02-23T07:00:00.000Z",
  "is_running": false,
  "user_percentage": 0.5,
  "description": ""
}"""
CREATE_VARIANTS = """{
  "variants": [
    {
      "feature_id": 4730,
      "value": "blue",
      "is_control": true,
      "weight": 0.5
    },
    {
      "feature_id": 4730,
      "value": "red",
      "is_control": false,
      "weight": 0.5
    }
  ]
}"""
CREATE_EVENT = """{
  "user_id": "61",
  "variant_id": 5003
}"""
CREATE_USER = """{
  "id": "62",
  "variant_id": 229,
  "ip_address": "192.168.101.21"
}"""
GIVE_BLOCK = """{
  "feature_id": "86",
  "name": "10"
}"""
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def _call(verb: str, path: str, body: str = "") -> Any:
    response = Client().generic(verb, path, body, content_type="application/json" if body else "")
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return response.json()


@pytest.fixture
def feature_id() -> int:
    return int(_call("POST", "/api/feature", CREATE_FEATURE)["id"])


@pytest.fixture
def arms(feature_id: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = _call("POST", f"/api/feature/{feature_id}/variants", _of(CREATE_VARIANTS, feature_id))
    return made


def _of(body: str, feature_id: int) -> str:
    return body.replace("4730", str(feature_id))


def test_create_a_feature() -> None:
    answer = _call("POST", "/api/feature", CREATE_FEATURE)

    documented = json.loads(CREATE_FEATURE)
    dates = {"start_date": "2023-02-23T00:00:00.000Z", "end_date": "2023-04-24T00:00:00.000Z"}
    assert answer == documented | dates | {"id": answer["id"], "description": "", "variant_arr": []}


def test_get_features(feature_id: int, arms: list[dict[str, Any]]) -> None:
    (listed,) = _call("GET", "/api/feature")

    assert listed == {
        "id": feature_id,
        "type_id": 3,
        "name": "experiment with sidenav",
        "start_date": "2023-02-23T00:00:00.000Z",
        "end_date": "2023-04-24T00:00:00.000Z",
        "is_running": True,
        "user_percentage": 0.5,
        "description": "",
        "variant_arr": [
            {"id": arms[0]["id"], "value": "blue", "is_control": True, "weight": "0.5"},
            {"id": arms[1]["id"], "value": "red", "is_control": False, "weight": "0.5"},
        ],
    }
    assert _call("GET", f"/api/feature/{feature_id}") == listed


def test_get_current_features(feature_id: int, arms: list[dict[str, Any]]) -> None:
    current = CREATE_FEATURE.replace("experiment with sidenav", "experiment").replace("4/24/23", "4/24/2099")
    rollout = current.replace('"type_id": 3', '"type_id": 2').replace("experiment", "rollout_experiment")
    made, rolled = _call("POST", "/api/feature", current), _call("POST", "/api/feature", rollout)

    answer = _call("GET", "/api/feature/current")

    assert list(answer) == ["experiments", "toggles", "rollouts", "userblocks"]
    assert (answer["experiments"], answer["toggles"], answer["rollouts"]) == ([made], [], [rolled])
    assert [(block["id"], block["name"]) for block in answer["userblocks"]] == [(n, str(5 * n)) for n in range(1, 21)]
    assert [block["feature_id"] for block in answer["userblocks"]] == [made["id"]] * 10 + [None] * 10


def test_update_a_feature(feature_id: int, arms: list[dict[str, Any]]) -> None:
    answer = _call("PUT", f"/api/feature/{feature_id}", _of(UPDATE_FEATURE, feature_id))

    dates = {"start_date": "2023-02-23T00:00:00.000Z", "end_date": "2024-02-23T00:00:00.000Z"}
    kept = [{name: arm[name] for name in ("id", "value", "is_control", "weight")} for arm in arms]
    assert answer == json.loads(_of(UPDATE_FEATURE, feature_id)) | dates | {"variant_arr": kept}


def test_delete_a_feature(feature_id: int) -> None:
    assert _call("DELETE", f"/api/feature/{feature_id}") == f"feature with id {feature_id} successfully deleted."


def test_create_and_get_variants(feature_id: int) -> None:
    assert _call("GET", f"/api/feature/{feature_id}/variants") == []

    made = _call("POST", f"/api/feature/{feature_id}/variants", _of(CREATE_VARIANTS, feature_id))

    first, second = (arm["id"] for arm in made)
    assert made == [
        {"id": first, "feature_id": feature_id, "value": "blue", "is_control": True, "weight": "0.5"},
        {"id": second, "feature_id": feature_id, "value": "red", "is_control": False, "weight": "0.5"},
    ]
    assert _call("GET", f"/api/feature/{feature_id}/variants") == [
        {"id": first, "value": "blue", "is_control": True, "weight": "0.5"},
        {"id": second, "value": "red", "is_control": False, "weight": "0.5"},
    ]


def test_create_and_get_users_and_delete_one(arms: list[dict[str, Any]]) -> None:
    body = CREATE_USER.replace("229", str(arms[0]["id"]))

    made = _call("POST", "/api/users", body)

    assert made == json.loads(body) | {"time_stamp": made["time_stamp"]}
    assert re.fullmatch(INSTANT, made["time_stamp"])
    assert _call("GET", "/api/users") == [made]
    assert _call("DELETE", "/api/users/62") == "User with id 62 was deleted"
    assert _call("GET", "/api/users") == []


def test_create_and_get_events_and_their_analysis(feature_id: int, arms: list[dict[str, Any]]) -> None:
    blue, red = arms
    _call("POST", "/api/users", CREATE_USER.replace("62", "61").replace("229", str(blue["id"])))
    assert _call("GET", "/api/events") == _call("GET", f"/api/events/feature/{feature_id}") == []

    assert _call("POST", "/api/events", CREATE_EVENT.replace("5003", str(blue["id"]))) == "Event added to database."

    (event,) = _call("GET", "/api/events")
    assert event | {"id": 0, "time_stamp": ""} == {"id": 0, "variant_id": blue["id"], "user_id": "61", "time_stamp": ""}
    assert re.fullmatch(INSTANT, event["time_stamp"])
    assert _call("GET", f"/api/events/feature/{feature_id}") == [
        {
            "event_id": event["id"],
            "variant_id": blue["id"],
            "user_id": "61",
            "time_stamp": event["time_stamp"],
            "feature_id": feature_id,
            "value": "blue",
            "is_control": True,
            "weight": "0.5",
        }
    ]
    documented = ("id", "value", "is_control", "weight", "event_total", "distinct_user_events_total", "total_users")
    analysed = _call("GET", f"/api/analysis/feature/{feature_id}")
    assert [tuple(row[name] for name in documented) for row in analysed] == [
        (blue["id"], "blue", True, "0.5", 1, 1, 1),
        (red["id"], "red", False, "0.5", 0, 0, 0),
    ]


def test_get_give_and_reset_user_blocks() -> None:
    free = [{"id": number, "name": str(5 * number), "feature_id": None} for number in range(1, 21)]
    assert _call("GET", "/api/userblocks") == free
    assert _call("GET", "/api/userblocks/70") == {"id": 14, "name": "70", "feature_id": None}

    assert _call("PUT", "/api/userblocks", GIVE_BLOCK) == {"id": 2, "name": "10", "feature_id": 86}

    assert _call("GET", "/api/userblocks/10") == {"id": 2, "name": "10", "feature_id": 86}
    assert _call("PUT", "/api/userblocks/reset") == free
    refused = Client().put("/api/userblocks", GIVE_BLOCK.replace('"10"', '"13"'), content_type="application/json")
    assert (refused.status_code, refused.json()) == (403, "Error in updating userblock with name 13 in postgres")
