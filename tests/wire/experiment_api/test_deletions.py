"""Deleting buckets and samples, and what of buckets the log is told."""

from typing import Any

import pytest

from events.models import Event, Exposure
from experiments.models import Project, Variation
from sampling.models import Sample
from tests.wire.experiment_api import api
from users.models import Assignment

pytestmark = pytest.mark.django_db


def _buckets(experiment: dict[str, Any]) -> str:
    return f"/api/v1/experiments/{experiment['id']}/buckets"


def _delete(path: str, status: int = 202) -> dict[str, Any]:
    gone: dict[str, Any] = api.read(api.call("DELETE", path), status)
    return gone


def _changes() -> list[tuple[str, Any]]:
    return list(Event.objects.filter(kind="bucket_change").order_by("id").values_list("key", "payload"))


def test_a_bucket_is_deleted_and_its_share_is_free_again() -> None:
    made = api.halves()
    revision = Project.objects.get().revision

    gone = _delete(f"{_buckets(made)}/control")

    assert gone == {"message": "bucket control deleted successfully"}
    assert [row["bucket_name"] for row in api.read(api.get(_buckets(made)))] == ["treatment"]
    assert Project.objects.get().revision == revision + 1
    assert api.bucket(made, "other", 50)


@pytest.mark.parametrize("entity", ["of the bucket", "of no bucket"])
def test_a_bucket_somebody_was_put_in_stays(entity: str) -> None:
    made = api.experiment()
    if entity == "of no bucket":
        api.sample(made, entity, "control")
        api.bucket(made, "control", 50)
    else:
        api.bucket(made, "control", 50)
        api.sample(made, entity, "control")

    refused = _delete(f"{_buckets(made)}/control", 409)

    assert refused == {"detail": "Somebody was put in bucket control; give it a share of 0 instead"}
    assert Variation.objects.exists()


def test_deleting_an_unknown_bucket_is_404() -> None:
    assert _delete(f"{_buckets(api.halves())}/nowhere", 404) == {"detail": "Bucket not found"}


def test_a_sample_is_deleted_and_its_entity_keeps_its_arm() -> None:
    made = api.halves()
    sample = api.sample(made, "ann", "treatment")

    gone = _delete(f"{api.samples_of(made)}/{sample['id']}")

    assert gone == {"message": f"sample {sample['id']} deleted successfully"}
    assert not Sample.objects.exists()
    assert Assignment.objects.count() == 1
    assert api.sample(made, "ann")["allocated_bucket"] == "treatment"


def test_deleting_a_sample_of_another_experiment_is_404() -> None:
    made, other = api.halves(), api.halves()
    sample = api.sample(made, "ann", "treatment")

    assert _delete(f"{api.samples_of(other)}/{sample['id']}", 404) == {"detail": "Sample not found"}


def test_a_share_that_changes_before_there_are_samples_is_not_told() -> None:
    made = api.halves()
    api.bucket(made, "control", 30)

    assert _changes() == []


def test_a_share_that_changes_under_samples_is_told_to_the_log() -> None:
    made = api.halves()
    api.sample(made, "ann", "treatment")

    api.bucket(made, "control", 50)
    api.bucket(made, "control", 30)
    api.read(api.call("PATCH", f"{_buckets(made)}/control", {"percentage_distribution": 20}))
    api.bucket(made, "third", 10)
    _delete(f"{_buckets(made)}/third")

    assert _changes() == [
        ("control", {"share_before": 0.5, "share_after": 0.3}),
        ("control", {"share_before": 0.3, "share_after": 0.2}),
        ("third", {"share_before": None, "share_after": 0.1}),
        ("third", {"share_before": 0.1, "share_after": None}),
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"active": False}, "The experiment is not active"),
        ({"scheduled_start_date": "2999-01-01"}, "The experiment has not started yet"),
    ],
)
def test_a_sample_of_an_experiment_that_does_not_run_is_flagged(fields: dict[str, Any], reason: str | None) -> None:
    api.sample(api.halves(**fields), "ann", "control")

    assert Exposure.objects.get().payload.get("not_running") == reason
