"""A Test Lab experiment through the other doors and back: Experiment API, Agent, and what a researcher does to it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from decisions import lifecycle
from decisions.lab import current
from experiments.models import Experiment, Project, Variation
from features.models import Flag
from tests.builders import NOW
from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


def _api(method: str, path: str, body: Any = None) -> Any:
    sent = {} if body is None else {"data": body, "content_type": calling.JSON}
    return getattr(Client(), method)(f"/api/v1{path}", **sent)


def _experiment_of(made: dict[str, Any]) -> Experiment:
    return Experiment.objects.get(flag_rules__flag_id=made["id"])


def _decide(user_id: str, key: str) -> Any:
    headers = {"x-optimizely-sdk-key": Project.objects.get(key="testlab").sdk_key}
    body = {"userId": user_id}
    return Client().post(f"/v1/decide?keys={key}", body, content_type=calling.JSON, headers=headers).json()


def _evaluate(user_id: str, key: str) -> Any:
    return calling.post("/api/evaluate", {"user_id": user_id}).json()["features"][key]


@pytest.fixture
def made() -> dict[str, Any]:
    made = calling.feature(name="colours", user_percentage=1)
    calling.variants(made["id"], "0.25", "0.75")
    return made


def test_the_experiment_api_lists_it_with_its_buckets(made: dict[str, Any]) -> None:
    service = next(row for row in _api("get", "/services").json() if row["name"] == "Test Lab")

    (listed,) = _api("get", f"/services/{service['id']}/experiments").json()
    buckets = _api("get", f"/experiments/{listed['id']}/buckets").json()

    assert (listed["name"], listed["active"], listed["scheduled_start_date"]) == (
        "colours",
        True,
        "2023-02-23T00:00:00Z",
    )
    assert [(row["bucket_name"], row["percentage_distribution"]) for row in buckets] == [("blue", 25), ("red", 75)]


def test_the_experiment_api_allocates_the_recorded_variant(made: dict[str, Any]) -> None:
    blue, red = calling.get(f"/api/feature/{made['id']}/variants").json()
    uid = _experiment_of(made).uid

    for number in range(6):
        arm = (blue, red)[number % 2]
        calling.record(arm["id"], f"user {number}")
        body = {"sampled_entity": f"user {number}", "sampled_value": "x"}
        assert _api("post", f"/experiments/{uid}/allocate", body).json()["allocated_bucket"] == arm["value"]


def test_the_experiment_api_pauses_and_resumes_it(made: dict[str, Any]) -> None:
    uid = _experiment_of(made).uid

    for active in (False, True):
        assert _api("patch", f"/experiments/{uid}", {"active": active}).status_code == 200

        assert [row["is_running"] for row in calling.current()["experiments"]] == [active]
        assert calling.get(f"/api/feature/{made['id']}").json()["is_running"] is active
        assert len(calling.blocks_of(made["id"])) == 20
        assert _decide("u", "colours")["enabled"] is active


def test_test_lab_resumes_what_a_researcher_paused(made: dict[str, Any]) -> None:
    lifecycle.change_status(experiment=_experiment_of(made), to="paused", now=NOW)
    assert [row["is_running"] for row in calling.current()["experiments"]] == [False]

    answered = calling.put(f"/api/feature/{made['id']}", made).json()

    assert answered["is_running"] is True
    assert _experiment_of(made).status == "running"
    assert [row["is_running"] for row in calling.current()["experiments"]] == [True]


def test_shares_that_the_experiment_api_sets_are_weights(made: dict[str, Any]) -> None:
    uid = _experiment_of(made).uid

    for name, share in (("blue", 20), ("red", 80)):
        changed = _api("patch", f"/experiments/{uid}/buckets/{name}", {"percentage_distribution": share})
        assert changed.status_code == 200

    arms = calling.current()["experiments"][0]["variant_arr"]

    assert [(arm["value"], Decimal(arm["weight"])) for arm in arms] == [
        ("blue", Decimal("0.2")),
        ("red", Decimal("0.8")),
    ]
    assert calling.get(f"/api/feature/{made['id']}").json()["variant_arr"] == arms


def test_new_weights_move_nobody_who_is_recorded(made: dict[str, Any]) -> None:
    blue, red = calling.get(f"/api/feature/{made['id']}/variants").json()
    for number in range(8):
        calling.record((blue, red)[number % 2]["id"], f"user {number}")

    calling.variants(made["id"], "0.01", "0.99")

    for number in range(8):
        arm = (blue, red)[number % 2]["value"]
        assert _decide(f"user {number}", "colours")["variationKey"] == arm
        assert (
            calling.post("/api/evaluate", {"user_id": f"user {number}"}).json()["features"]["colours"]["value"] == arm
        )


def test_a_smaller_percentage_lets_in_fewer_through_every_door(made: dict[str, Any]) -> None:
    calling.put(f"/api/feature/{made['id']}", made | {"user_percentage": 0.3})

    users = [f"user {number}" for number in range(20)]
    decided = [_decide(user, "colours")["variationKey"] for user in users]
    evaluated = [_evaluate(user, "colours") for user in users]

    assert [value["value"] if value else "off" for value in evaluated] == decided
    assert 0 < sum(key != "off" for key in decided) < 12


def test_what_the_experiment_api_deletes_frees_its_blocks_and_is_not_polled(made: dict[str, Any]) -> None:
    blue, _ = calling.get(f"/api/feature/{made['id']}/variants").json()
    calling.record(blue["id"])
    experiment = _experiment_of(made)
    service = Project.objects.get(key="testlab")

    assert _api("delete", f"/services/{service.uid}/experiments/{experiment.uid}").status_code == 202

    assert calling.current()["experiments"] == []
    assert calling.blocks_of(made["id"]) == []
    assert calling.get(f"/api/feature/{made['id']}").json()["is_running"] is False
    assert calling.get("/api/users").json() == []
    assert calling.record(blue["id"]).status_code == 403


def test_what_test_lab_deletes_is_gone_everywhere(made: dict[str, Any]) -> None:
    experiment = _experiment_of(made)

    calling.delete(f"/api/feature/{made['id']}")

    assert _api("get", f"/experiments/{experiment.uid}").status_code == 404
    assert _decide("u", "colours")["flagKey"] == "colours"
    assert not _decide("u", "colours")["enabled"]
    assert not Flag.objects.filter(key="colours").exists()


def test_what_a_researcher_makes_is_a_feature_with_its_own_days_and_traffic() -> None:
    calling.current()
    project = Project.objects.get(key="testlab")
    flag = Flag.objects.create(project=project, key="made by hand", kind=Flag.Kind.EXPERIMENT)
    experiment = Experiment.objects.create(
        project=project, key="by_hand", name="By hand", kind="ab_test", traffic=Decimal("0.25"), starts_at=NOW
    )
    for position, (key, weight) in enumerate((("a", "0.5"), ("b", "0.5"))):
        Variation.objects.create(experiment=experiment, key=key, weight=Decimal(weight), position=position)
    flag.rules.create(experiment=experiment)
    assert calling.current()["experiments"] == []

    lifecycle.change_status(experiment=experiment, to="running", now=NOW)

    (seen,) = calling.current()["experiments"]
    assert (seen["name"], seen["user_percentage"], seen["start_date"][:10]) == (
        "made by hand",
        0.25,
        NOW.date().isoformat(),
    )
    assert [arm["value"] for arm in seen["variant_arr"]] == ["a", "b"]
    assert len(calling.blocks_of(seen["id"])) == 5
    assert calling.get("/api/feature").json() == [seen]


def test_an_experiment_that_is_not_started_is_shown_as_not_running() -> None:
    calling.current()
    project = current.project(key="testlab")
    flag = Flag.objects.create(project=project, key="draft", kind=Flag.Kind.EXPERIMENT)
    experiment = Experiment.objects.create(project=project, key="draft", name="Draft", kind="ab_test")
    Variation.objects.create(experiment=experiment, key="a", weight=Decimal(1))
    flag.rules.create(experiment=experiment)
    lifecycle.publish(project=project, now=NOW)

    (listed,) = calling.get("/api/feature").json()

    assert (listed["name"], listed["is_running"]) == ("draft", False)
    assert calling.current()["experiments"] == []
