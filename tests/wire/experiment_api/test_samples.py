"""`/api/v1/experiments/{experiment_id}/samples`: sticky, newest first, completed once."""

from datetime import timedelta

import pytest

from experiments.models import Experiment
from sampling.models import Sample
from tests.wire.experiment_api import api
from users.models import Assignment

pytestmark = pytest.mark.django_db


def test_a_sample_may_name_any_bucket_where_the_experiment_has_none() -> None:
    experiment = api.experiment()

    made = api.sample(experiment, "user123", "test-bucket")

    assert list(made) == [
        "experiment_id",
        "sampled_value",
        "sampled_entity",
        "allocated_bucket",
        "id",
        "complete",
        "completed_at",
        "created_at",
        "updated_at",
    ]
    assert (made["experiment_id"], made["sampled_value"], made["sampled_entity"]) == (experiment["id"], "US", "user123")
    assert (made["allocated_bucket"], made["complete"], made["completed_at"]) == ("test-bucket", False, None)
    assert not Assignment.objects.exists()


def test_an_unknown_bucket_is_a_fault_where_the_experiment_has_buckets() -> None:
    experiment = api.halves()

    response = api.post(api.samples_of(experiment), api.sample_body(experiment, "user123", "nowhere"))

    assert [(fault["loc"], fault["input"]) for fault in api.faults(response)] == [
        (["body", "allocated_bucket"], "nowhere")
    ]
    assert not Sample.objects.exists()


def test_a_chosen_bucket_is_remembered_as_the_client_s_choice() -> None:
    experiment = api.halves()

    api.sample(experiment, "user123", "treatment")

    assignment = Assignment.objects.get()
    assert (assignment.unit_type, assignment.unit_id, assignment.method) == ("user", "user123", "client")
    assert assignment.variation is not None
    assert assignment.variation.key == "treatment"
    assert Sample.objects.get().assignment == assignment


def test_an_empty_bucket_means_you_choose_and_is_remembered_as_drawn() -> None:
    experiment = api.halves()

    made = [api.sample(experiment, f"user{number}") for number in range(60)]

    assert {row["allocated_bucket"] for row in made} == {"control", "treatment"}
    assert set(Assignment.objects.values_list("method", flat=True)) == {"draw"}


def test_a_missing_bucket_is_a_fault() -> None:
    experiment = api.halves()
    body = api.sample_body(experiment, "user123")
    del body["allocated_bucket"]

    response = api.post(api.samples_of(experiment), body)

    assert api.told(response) == [(["body", "allocated_bucket"], "Field required", "missing")]


def test_the_same_entity_and_value_answer_the_stored_sample() -> None:
    experiment = api.halves()
    first = api.sample(experiment, "user123", "control")

    again = api.sample(experiment, "user123", "treatment")

    assert again == first
    assert Sample.objects.count() == 1


def test_another_value_of_the_same_entity_gets_its_remembered_bucket_when_we_choose() -> None:
    experiment = api.halves()
    for entity in ("ann", "bob", "cleo", "dan"):
        api.sample(experiment, entity, "treatment", value="US")

    others = [api.sample(experiment, entity, value="DE") for entity in ("ann", "bob", "cleo", "dan")]

    assert {row["allocated_bucket"] for row in others} == {"treatment"}
    assert Sample.objects.count() == 8
    assert Assignment.objects.count() == 4


def test_an_inactive_experiment_records_what_the_client_chose() -> None:
    experiment = api.halves(active=False)

    assert api.sample(experiment, "user123", "control")["allocated_bucket"] == "control"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": False}, "The experiment is not active"),
        ({"scheduled_start_date": "2999-01-01T00:00:00Z"}, "The experiment has not started yet"),
    ],
)
def test_nothing_is_chosen_where_the_experiment_does_not_run(fields: dict[str, object], reason: str) -> None:
    experiment = api.halves(**fields)

    response = api.post(api.samples_of(experiment), api.sample_body(experiment, "user123"))

    assert api.told(response) == [(["body", "allocated_bucket"], reason, "value_error")]
    assert not Sample.objects.exists()


def test_nothing_is_chosen_where_the_service_is_not_active() -> None:
    experiment = api.halves(of=api.service(active=False))

    response = api.post(api.samples_of(experiment), api.sample_body(experiment, "user123"))

    assert [fault["msg"] for fault in api.faults(response)] == ["The service is not active"]


@pytest.mark.parametrize(
    ("shares", "reason"),
    [((), "The experiment has no buckets"), ((50, 49), "The shares of the buckets must sum to 100, not 99")],
)
def test_nothing_is_chosen_unless_shares_sum_to_100(shares: tuple[int, ...], reason: str) -> None:
    experiment = api.experiment()
    for number, share in enumerate(shares):
        api.bucket(experiment, f"bucket{number}", share)

    response = api.post(api.samples_of(experiment), api.sample_body(experiment, "user123"))

    assert [fault["msg"] for fault in api.faults(response)] == [reason]


def test_an_entity_outside_the_traffic_is_not_chosen_for() -> None:
    experiment = api.halves()
    Experiment.objects.update(traffic=0)
    api.bucket(experiment, "control", 50)  # publishes

    response = api.post(api.samples_of(experiment), api.sample_body(experiment, "user123"))

    assert [fault["msg"] for fault in api.faults(response)] == ["This entity is not let into the experiment"]


def test_the_list_shows_the_newest_first() -> None:
    experiment = api.halves()
    made = [api.sample(experiment, f"user{number}", "control") for number in range(3)]

    assert api.read(api.get(api.samples_of(experiment))) == made[::-1]


def test_samples_of_one_instant_are_listed_by_id() -> None:
    experiment = api.halves()
    made = [api.sample(experiment, f"user{number}", "control") for number in range(3)]
    Sample.objects.update(created_at=Sample.objects.latest("id").created_at - timedelta(hours=1))

    listed = api.read(api.get(api.samples_of(experiment)))

    assert [row["id"] for row in listed] == [row["id"] for row in made[::-1]]


@pytest.mark.parametrize(
    ("limit", "count"), [("", 100), ("?limit=7", 7), ("?limit=0", 105), ("?limit=9999999999", 105)]
)
def test_the_limit_is_100_unless_asked_otherwise(limit: str, count: int) -> None:
    experiment = Experiment.objects.get(uid=api.experiment()["id"])
    Sample.objects.bulk_create(
        [Sample(experiment=experiment, entity=str(number), value="US", bucket="b") for number in range(105)]
    )

    rows = api.read(api.get(f"/api/v1/experiments/{experiment.uid}/samples{limit}"))

    assert isinstance(rows, list)
    assert len(rows) == count


def test_a_negative_limit_is_a_fault() -> None:
    response = api.get(api.samples_of(api.experiment()) + "?limit=-1")

    assert [(fault["loc"], fault["type"]) for fault in api.faults(response)] == [
        (["query", "limit"], "greater_than_equal")
    ]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_samples_of_an_unknown_experiment_are_404(verb: str) -> None:
    nobody = {"id": api.NOBODY}

    response = api.call(verb, api.samples_of(nobody), api.sample_body(nobody, "user123", "control"))

    assert api.read(response, 404) == {"detail": "Experiment not found"}


def test_complete_stamps_the_sample_once() -> None:
    experiment = api.halves()
    sample = api.sample(experiment, "user123", "control")
    path = f"{api.samples_of(experiment)}/{sample['id']}/complete"

    done = api.read(api.post(path))
    again = api.read(api.post(path))

    assert (done["id"], done["complete"]) == (sample["id"], True)
    assert done["completed_at"] is not None
    assert done["updated_at"] != sample["updated_at"]
    assert again == done


def test_complete_touches_the_addressed_sample_only() -> None:
    experiment = api.halves()
    first, second = (api.sample(experiment, "user123", "control", value=value) for value in ("US", "DE"))

    api.post(f"{api.samples_of(experiment)}/{second['id']}/complete")

    rows = {row["id"]: row["complete"] for row in api.read(api.get(api.samples_of(experiment)))}
    assert rows == {first["id"]: False, second["id"]: True}


@pytest.mark.parametrize("where", ["own", "other", "text"])
def test_completing_a_sample_that_is_not_there_is_404(where: str) -> None:
    experiment, other = api.halves(), api.halves()
    sample = api.sample(other, "user123", "control")
    address = {
        "own": f"/api/v1/experiments/{experiment['id']}/samples/{api.NOBODY}/complete",
        "other": f"/api/v1/experiments/{experiment['id']}/samples/{sample['id']}/complete",
        "text": f"/api/v1/experiments/anything/samples/{sample['id']}/complete",
    }[where]

    assert api.read(api.post(address), 404) == {"detail": "Sample not found"}


def test_completing_a_sample_by_a_bad_id_is_a_fault_at_that_id_alone() -> None:
    [fault] = api.faults(api.post("/api/v1/experiments/anything/samples/nonsense/complete"))

    assert (fault["loc"], fault["type"]) == (["path", "sample_id"], "uuid_parsing")
