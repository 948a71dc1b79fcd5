"""`/api/v1/experiments/{experiment_id}/buckets`: shares arrive one at a time and never exceed 100."""

import pytest

from experiments.models import Project, Variation
from tests import builders
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def test_create_answers_200_with_the_documented_keys_and_no_id() -> None:
    experiment = api.experiment()

    made = api.bucket(experiment, "control", 50)

    assert list(made) == ["experiment_id", "bucket_name", "percentage_distribution", "created_at", "updated_at"]
    assert (made["experiment_id"], made["bucket_name"], made["percentage_distribution"]) == (
        experiment["id"],
        "control",
        50,
    )


def test_every_bucket_counts_at_once() -> None:
    experiment = api.experiment()
    revision = Project.objects.get().revision

    api.bucket(experiment, "control", 50)

    assert Project.objects.get().revision == revision + 1


def test_list_shows_the_oldest_first() -> None:
    experiment = api.experiment()
    made = [api.bucket(experiment, name, 10) for name in ("zebra", "ape", "mole")]

    assert api.read(api.get(f"/api/v1/experiments/{experiment['id']}/buckets")) == made


def test_the_same_name_again_changes_the_share() -> None:
    experiment = api.experiment()
    first = api.bucket(experiment, "control", 50)

    again = api.bucket(experiment, "control", 100)

    assert (again["percentage_distribution"], again["created_at"]) == (100, first["created_at"])
    assert Variation.objects.count() == 1


@pytest.mark.parametrize(("sent", "limit"), [(-1, "greater_than_equal"), (101, "less_than_equal")])
def test_a_share_outside_0_to_100_is_a_fault(sent: int, limit: str) -> None:
    experiment = api.experiment()
    body = {"experiment_id": experiment["id"], "bucket_name": "control", "percentage_distribution": sent}

    found = api.faults(api.post(f"/api/v1/experiments/{experiment['id']}/buckets", body))

    assert [(fault["loc"], fault["type"]) for fault in found] == [(["body", "percentage_distribution"], limit)]


def test_shares_above_100_in_sum_are_a_fault_that_says_what_is_left() -> None:
    experiment = api.experiment()
    api.bucket(experiment, "control", 70)
    body = {"experiment_id": experiment["id"], "bucket_name": "treatment", "percentage_distribution": 40}

    [fault] = api.faults(api.post(f"/api/v1/experiments/{experiment['id']}/buckets", body))

    assert fault["loc"] == ["body", "percentage_distribution"]
    assert fault["msg"] == "The shares of this experiment would add up to 110; 30 is left"
    assert fault["input"] == 40
    assert Variation.objects.count() == 1


def test_a_variation_that_was_authored_elsewhere_is_a_bucket() -> None:
    experiment = builders.running(project=builders.project(), weights={"a": "0.333", "b": "0.667"})

    rows = api.read(api.get(f"/api/v1/experiments/{experiment.uid}/buckets"))

    assert [(row["bucket_name"], row["percentage_distribution"]) for row in rows] == [("a", 33), ("b", 67)]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_buckets_of_an_unknown_experiment_are_404(verb: str) -> None:
    body = {"experiment_id": api.NOBODY, "bucket_name": "control", "percentage_distribution": 50}

    response = api.call(verb, f"/api/v1/experiments/{api.NOBODY}/buckets", body)

    assert api.read(response, 404) == {"detail": "Experiment not found"}
