"""A Test Lab experiment is an experiment like any other: the other dialects see it and give the recorded arm."""

from typing import Any

import pytest
from django.test import Client

from decisions import lifecycle
from decisions.clock import schedule
from experiments.models import Experiment, Project
from features.models import Flag
from tests.builders import NOW
from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


def _decide(user_id: str, key: str) -> Any:
    sdk_key = Project.objects.get(key="testlab").sdk_key
    return (
        Client()
        .post(
            f"/v1/decide?keys={key}",
            {"userId": user_id},
            content_type=calling.JSON,
            headers={"x-optimizely-sdk-key": sdk_key},
        )
        .json()
    )


def test_a_feature_is_a_flag_and_an_experiment_of_the_same_name() -> None:
    made = calling.feature(name="colours", user_percentage=0.5, description="why")
    calling.variants(made["id"], "0.25", "0.75")

    flag = Flag.objects.get(pk=made["id"])
    experiment = Experiment.objects.get(flag_rules__flag=flag)

    assert (flag.key, flag.kind, str(flag.starts_on), str(flag.ends_on)) == ("colours", 3, "2023-02-23", "2099-04-24")
    assert (experiment.key, experiment.status, experiment.kind) == ("colours", "running", "ab_test")
    assert (str(experiment.starts_at), str(experiment.ends_at)) == (
        "2023-02-23 00:00:00+00:00",
        "2099-04-25 00:00:00+00:00",
    )
    assert float(experiment.traffic) == 0.5
    assert [(arm.key, arm.value, str(arm.weight.normalize())) for arm in experiment.variations.order_by("id")] == [
        ("blue", "blue", "0.25"),
        ("red", "red", "0.75"),
    ]


@pytest.mark.parametrize(
    ("change", "status"),
    [({"is_running": False}, "paused"), ({"is_running": True}, "running"), ({"type_id": 2}, "completed")],
)
def test_the_experiment_follows_its_feature(change: dict[str, Any], status: str) -> None:
    made = calling.feature()
    calling.variants(made["id"])

    calling.put(f"/api/feature/{made['id']}", made | {"name": "renamed"} | change)

    experiment = Experiment.objects.get(flag_rules__flag_id=made["id"])
    assert (experiment.status, experiment.key, experiment.name) == (status, "renamed", "renamed")


def test_an_experiment_without_variants_does_not_run_yet() -> None:
    made = calling.feature()

    assert Experiment.objects.get(flag_rules__flag_id=made["id"]).status == "inactive"


def test_agents_clients_get_the_arm_that_was_recorded() -> None:
    made = calling.feature(name="colours", user_percentage=0.5)
    blue, red = calling.variants(made["id"])

    for number in range(8):
        arm = (blue, red)[number % 2]
        calling.record(arm["id"], f"user {number}")
        assert _decide(f"user {number}", "colours")["variationKey"] == arm["value"]


def test_the_server_evaluates_as_the_agent_decides() -> None:
    made = calling.feature(name="colours", user_percentage=0.5)
    calling.variants(made["id"])
    calling.feature(name="rolled", type_id=2, user_percentage=0.5)

    for number in range(8):
        seen = calling.post("/api/evaluate", {"user_id": f"user {number}"}).json()["features"]
        decided = _decide(f"user {number}", "colours")["variationKey"]
        assert (seen["colours"] or {"value": "off"})["value"] == decided
        assert seen["rolled"] is _decide(f"user {number}", "rolled")["enabled"]


def test_what_a_researcher_ends_is_over_for_test_lab() -> None:
    made = calling.feature()
    calling.variants(made["id"])
    experiment = Experiment.objects.get(flag_rules__flag_id=made["id"])

    lifecycle.change_status(experiment=experiment, to=Experiment.Status.COMPLETED, now=NOW)

    assert calling.get(f"/api/feature/{made['id']}").json()["is_running"] is False
    assert calling.current()["experiments"] == []


def test_a_name_that_an_experiment_has_already_is_no_obstacle() -> None:
    calling.current()
    Experiment.objects.create(project=Project.objects.get(key="testlab"), key="colours", name="colours")

    made = calling.feature(name="colours")

    assert Experiment.objects.get(flag_rules__flag_id=made["id"]).key == "colours_2"


def test_what_ended_by_its_dates_was_not_paused() -> None:
    made = calling.feature(end_date="2023-03-01")
    calling.variants(made["id"])

    schedule.follow(now=NOW)

    assert Experiment.objects.get(flag_rules__flag_id=made["id"]).status == "completed"
    assert calling.get(f"/api/feature/{made['id']}").json()["is_running"] is True


def test_a_feature_that_is_prolonged_runs_again() -> None:
    made = calling.feature(end_date="2023-03-01")
    calling.variants(made["id"])
    schedule.follow(now=NOW)

    calling.put(f"/api/feature/{made['id']}", made | {"end_date": "2099-01-01"})

    assert [row["is_running"] for row in calling.current()["experiments"]] == [True]
    assert len(calling.current()["experiments"][0]["variant_arr"]) == 2
