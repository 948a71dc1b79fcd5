"""`/api/v1/experiments/{experiment_id}/criteria` and `/api/v1/criteria/{criterion_id}/conditions`."""

import pytest

from sampling.models import Condition, Criterion
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def test_a_criterion_answers_with_its_conditions_and_keys_in_order() -> None:
    experiment = api.experiment()

    made = api.criterion(experiment, api.condition(), api.condition(property="age", value="30", condition="gte"))

    assert list(made) == [
        "sampling_model",
        "sampling_attribute",
        "id",
        "experiment_id",
        "conditions",
        "created_at",
        "updated_at",
    ]
    assert (made["sampling_model"], made["sampling_attribute"]) == ("User", "country")
    first, second = made["conditions"]
    assert list(first) == [
        "model",
        "property",
        "value",
        "condition",
        "id",
        "criterion_id",
        "experiment_id",
        "created_at",
        "updated_at",
    ]
    assert (first["condition"], second["condition"]) == ("equals", "gte")


def test_conditions_get_the_ids_of_their_criterion_whatever_they_say() -> None:
    experiment = api.experiment()

    made = api.criterion(experiment, api.condition(criterion_id=api.NOBODY, experiment_id=api.NOBODY))

    assert made["conditions"][0]["criterion_id"] == made["id"]
    assert made["conditions"][0]["experiment_id"] == made["experiment_id"] == experiment["id"]


def test_a_criterion_without_conditions_is_accepted() -> None:
    made = api.criterion(api.experiment())

    assert made["conditions"] == []


def test_the_list_nests_conditions_and_shows_the_oldest_first() -> None:
    experiment = api.experiment()
    made = [api.criterion(experiment, api.condition(value=value)) for value in ("US", "DE")]

    assert api.read(api.get(f"/api/v1/experiments/{experiment['id']}/criteria")) == made


def test_one_faulty_condition_stores_nothing() -> None:
    experiment = api.experiment()
    body = {
        "criterion": {"sampling_model": "User", "sampling_attribute": "country", "experiment_id": experiment["id"]},
        "conditions": [api.condition(), api.condition(value=3)],
    }

    response = api.post(f"/api/v1/experiments/{experiment['id']}/criteria", body)

    assert api.told(response) == [(["body", "conditions", 1, "value"], "Input should be a valid string", "string_type")]
    assert not Criterion.objects.exists()


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_criteria_of_an_unknown_experiment_are_404(verb: str) -> None:
    body = {
        "criterion": {"sampling_model": "User", "sampling_attribute": "country", "experiment_id": api.NOBODY},
        "conditions": [],
    }

    response = api.call(verb, f"/api/v1/experiments/{api.NOBODY}/criteria", body)

    assert api.read(response, 404) == {"detail": "Experiment not found"}


def test_delete_answers_202_and_takes_the_conditions_with_it() -> None:
    made = api.criterion(api.experiment(), api.condition())

    gone = api.read(api.call("DELETE", f"/api/v1/experiments/{made['experiment_id']}/criteria/{made['id']}"), 202)

    assert gone == {"message": f"criterion {made['id']} deleted successfully"}
    assert not Condition.objects.exists()


def test_deleting_a_criterion_of_another_experiment_is_404() -> None:
    made = api.criterion(api.experiment())
    other = api.experiment()

    response = api.call("DELETE", f"/api/v1/experiments/{other['id']}/criteria/{made['id']}")

    assert api.read(response, 404) == {"detail": "Criterion not found"}


def test_a_condition_is_added_to_a_criterion_and_takes_its_experiment() -> None:
    made = api.criterion(api.experiment())
    path = f"/api/v1/criteria/{made['id']}/conditions"

    added = api.read(api.post(path, api.condition(experiment_id=api.NOBODY)))

    assert (added["criterion_id"], added["experiment_id"]) == (made["id"], made["experiment_id"])
    assert api.read(api.get(path)) == [added]


def test_an_unknown_operator_is_stored_and_returned_unchanged() -> None:
    made = api.criterion(api.experiment())

    added = api.read(api.post(f"/api/v1/criteria/{made['id']}/conditions", api.condition(condition="resembles")))

    assert added["condition"] == "resembles"


def test_a_null_criterion_id_is_a_fault_though_it_may_be_left_out() -> None:
    made = api.criterion(api.experiment())

    response = api.post(f"/api/v1/criteria/{made['id']}/conditions", api.condition(criterion_id=None))

    assert [fault["type"] for fault in api.faults(response)] == ["uuid_type"]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_conditions_of_an_unknown_criterion_are_404(verb: str) -> None:
    response = api.call(verb, f"/api/v1/criteria/{api.NOBODY}/conditions", api.condition())

    assert api.read(response, 404) == {"detail": "Criterion not found"}
