"""One person, one arm, over HTTP on the real server: all dialects and the real Python SDK, for 10 000 people."""

import time
from typing import Any

import pytest
from optimizely import optimizely

from tests.road.client import Client, each
from tests.road.conftest import SDK_KEY, SERVICE, Road

pytestmark = pytest.mark.serial

EXPERIMENT = "hint_style"
PLACE = ("lesson", "hint")
PEOPLE = [f"pupil-{number}" for number in range(10_000)]
KEY = {"X_Optimizely_SDK_Key": SDK_KEY}


def _assigned(client: Client, user: str) -> str:
    known = client.post("/api/v6/init", {}, User_Id=user)
    assert known.status == 200, known.body
    reply = client.post("/api/v6/assign", {"context": "demo"}, User_Id=user)
    assert reply.status == 200, reply.body
    found = [
        each["assignedCondition"][0]["conditionCode"]
        for each in reply.json()
        if (each["site"], each["target"]) == PLACE
    ]
    return found[0] if found else ""


def _decided(client: Client, user: str) -> str:
    variation: str = client.post(f"/v1/decide?keys={EXPERIMENT}", {"userId": user}, **KEY).json()["variationKey"]
    return variation


def _decided_in_batches(client: Client, users: list[str], *, size: int = 200) -> dict[str, str]:
    decided = {}
    for at in range(0, len(users), size):
        operations = [
            {
                "method": "POST",
                "url": "/v1/decide",
                "operationID": user,
                "params": {"keys": EXPERIMENT},
                "headers": {"X-Optimizely-SDK-Key": SDK_KEY, "Content-Type": "application/json"},
                "body": {"userId": user},
            }
            for user in users[at : at + size]
        ]
        for item in client.post("/v1/batch", {"operations": operations}).json()["response"]:
            decided[item["operationID"]] = item["body"]["variationKey"]
    return decided


def _experiment_uid(client: Client) -> str:
    rows = client.get(f"/api/v1/services/{SERVICE}/experiments").json()
    return next(row["id"] for row in rows if row["name"] == "Hint style")


def _sampled(client: Client, uid: str, user: str, bucket: str = "") -> str:
    body = {"experiment_id": uid, "sampled_value": "x", "sampled_entity": user, "allocated_bucket": bucket}
    reply = client.post(f"/api/v1/experiments/{uid}/samples", body)
    assert reply.status == 200, reply.body
    allocated: str = reply.json()["allocated_bucket"]
    return allocated


@pytest.mark.timeout(900)
def test_every_dialect_and_the_local_sdk_give_ten_thousand_people_the_same_arm(road: Road) -> None:
    client = road.client
    sdk = optimizely.Optimizely(datafile=client.get(f"/datafiles/{SDK_KEY}.json").body.decode())
    uid = _experiment_uid(client)

    assigned = each(PEOPLE, lambda user: _assigned(client, user))
    decided = _decided_in_batches(client, PEOPLE)
    sampled = each(PEOPLE, lambda user: _sampled(client, uid, user))
    local = {user: _local(sdk, user) for user in PEOPLE}

    assert set(local.values()) == {"text_hint", "worked_example"}
    assert assigned == local
    assert decided == local
    assert sampled == local


def _local(sdk: Any, user: str) -> str:
    return sdk.create_user_context(user).decide(EXPERIMENT, ["DISABLE_DECISION_EVENT"]).variation_key or ""


def _other(arm: str) -> str:
    return {"text_hint": "worked_example", "worked_example": "text_hint"}[arm]


def test_a_bucket_chosen_by_a_sample_is_what_every_dialect_answers(road: Road) -> None:
    chosen = _other(_decided(road.client, "sample-ada"))

    _sampled(road.client, _experiment_uid(road.client), "sample-ada", bucket=chosen)

    assert _soon(lambda: _decided(road.client, "sample-ada"), chosen) == chosen
    assert _assigned(road.client, "sample-ada") == chosen


def test_a_saved_profile_is_what_every_dialect_answers(road: Road) -> None:
    chosen = _other(_decided(road.client, "profile-ada"))
    config = road.client.get("/v1/config", **KEY).json()["experimentsMap"][EXPERIMENT]
    profile = {config["id"]: {"variation_id": config["variationsMap"][chosen]["id"]}}

    saved = road.client.post("/v1/save", {"userId": "profile-ada", "experimentBucketMap": profile}, **KEY)

    assert saved.status == 200, saved.body
    assert _soon(lambda: _decided(road.client, "profile-ada"), chosen) == chosen
    assert _assigned(road.client, "profile-ada") == chosen
    assert _sampled(road.client, _experiment_uid(road.client), "profile-ada") == chosen


def test_a_mark_keeps_the_arm_when_the_weights_change(road: Road) -> None:
    before = _assigned(road.client, "mark-ada")
    body: dict[str, Any] = {
        "data": {"site": PLACE[0], "target": PLACE[1], "assignedCondition": {"conditionCode": before}},
        "status": "condition applied",
    }
    marked = road.client.post("/api/v6/mark", body, User_Id="mark-ada")
    assert (marked.status, marked.json()["condition"]) == (200, before)
    shares = {before: 0, _other(before): 100}
    uid = _experiment_uid(road.client)

    for bucket in (before, _other(before)):
        body = {"experiment_id": uid, "bucket_name": bucket, "percentage_distribution": shares[bucket]}
        assert road.client.post(f"/api/v1/experiments/{uid}/buckets", body).status == 200

    assert _soon(lambda: _decided(road.client, "a-newcomer"), _other(before)) == _other(before)
    assert _decided(road.client, "mark-ada") == before
    assert _assigned(road.client, "mark-ada") == before
    assert _sampled(road.client, uid, "mark-ada") == before


def test_a_test_lab_user_is_what_every_dialect_answers(road: Road) -> None:
    feature = {
        "type_id": 3,
        "name": "sidenav",
        "start_date": "2026-01-01",
        "end_date": "2036-01-01",
        "is_running": True,
        "user_percentage": 0.5,
    }
    made = road.client.post("/api/feature", feature).json()
    variants = [{"feature_id": made["id"], "value": value, "weight": 0.5} for value in ("narrow", "wide")]
    narrow, wide = road.client.post(f"/api/feature/{made['id']}/variants", {"variants": variants}).json()
    key = {"X_Optimizely_SDK_Key": f"{SDK_KEY}lab"}

    for user, variant in (("lab-ada", narrow), ("lab-bob", wide)):
        sent = {"id": user, "variant_id": variant["id"], "ip_address": "10.0.0.1"}
        assert road.client.post("/api/users", sent).status == 200
        assert road.client.post("/api/events", {"user_id": user, "variant_id": variant["id"]}).status == 200

    def decided(user: str) -> str:
        found: str = road.client.post("/v1/decide?keys=sidenav", {"userId": user}, **key).json()["variationKey"]
        return found

    assert _soon(lambda: decided("lab-ada"), "narrow") == "narrow"
    assert _soon(lambda: decided("lab-bob"), "wide") == "wide"
    analysis = road.client.get(f"/api/analysis/feature/{made['id']}").json()
    assert [(row["event_total"], row["total_users"]) for row in analysis] == [(1, 1), (1, 1)]


def _soon(ask: Any, wanted: str) -> str:
    """Several processes decide: each hears of a change in a moment."""
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        if all(ask() == wanted for _ in range(6)):
            break
        time.sleep(0.05)
    found: str = ask()
    return found
