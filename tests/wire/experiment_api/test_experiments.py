"""`/api/v1/services/{service_id}/experiments`: created experiments run at once."""

import pytest

from experiments.models import Experiment, Project
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def test_create_answers_200_with_the_documented_keys_in_order() -> None:
    service = api.service()

    made = api.experiment(of=service)

    assert list(made) == [
        "name",
        "service_id",
        "active",
        "scheduled_start_date",
        "id",
        "last_deactivated_at",
        "last_activated_at",
        "created_at",
        "updated_at",
    ]
    assert (made["name"], made["service_id"], made["active"]) == ("Button", service["id"], True)
    assert made["last_activated_at"] is made["last_deactivated_at"] is made["scheduled_start_date"] is None


def test_a_created_experiment_runs_though_it_has_no_buckets_yet() -> None:
    made = api.experiment()

    row = Experiment.objects.get(uid=made["id"])
    assert (row.kind, row.status, row.key) == ("ab_test", "running", "Button")
    assert Project.objects.get().revision == 1


def test_experiments_of_one_name_get_keys_of_their_own() -> None:
    service = api.service()

    api.experiment(of=service)
    api.experiment(of=service)

    assert sorted(Experiment.objects.values_list("key", flat=True)) == ["Button", "Button-2"]


def test_an_inactive_experiment_is_designed_and_not_started() -> None:
    made = api.experiment(active=False)

    assert made["active"] is False
    assert Experiment.objects.get().status == "inactive"


def test_the_path_names_the_service_whatever_the_body_says() -> None:
    service = api.service()

    made = api.experiment(of=service, service_id=api.NOBODY)

    assert made["service_id"] == service["id"]


def test_the_service_id_may_be_left_out_of_the_body() -> None:
    service = api.service()

    made = api.read(api.post(f"/api/v1/services/{service['id']}/experiments", {"name": "Button"}))

    assert made["service_id"] == service["id"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2030-06-01T10:00:00Z", "2030-06-01T10:00:00Z"),
        ("2030-06-01T10:00:00+05:30", "2030-06-01T04:30:00Z"),
        ("2030-06-01T10:00:00.25", "2030-06-01T10:00:00.250000Z"),
        ("2030-06-01 10:00", "2030-06-01T10:00:00Z"),
        ("2030-06-01", "2030-06-01T00:00:00Z"),
        (1906538400, "2030-06-01T10:00:00Z"),
        ("1906538400000", "2030-06-01T10:00:00Z"),
        (None, None),
    ],
)
def test_the_start_reads_back_in_utc_as_it_was_created(sent: object, stored: str | None) -> None:
    made = api.experiment(scheduled_start_date=sent)

    assert made["scheduled_start_date"] == stored
    assert api.read(api.get(f"/api/v1/services/{made['service_id']}/experiments")) == [made]


def test_list_shows_the_experiments_of_that_service_with_the_oldest_first() -> None:
    service = api.service()
    made = [api.experiment(of=service, name=name) for name in ("one", "two", "three")]
    api.experiment(name="elsewhere")

    assert api.read(api.get(f"/api/v1/services/{service['id']}/experiments")) == made
    assert api.read(api.get(f"/api/v1/services/{service['id']}/experiments?active_only=false")) == made


def test_active_only_leaves_out_what_does_not_run() -> None:
    service = api.service()
    api.experiment(of=service, name="off", active=False)
    api.experiment(of=service, name="on")

    rows = api.read(api.get(f"/api/v1/services/{service['id']}/experiments?active_only=1"))

    assert [row["name"] for row in rows] == ["on"]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_an_unknown_service_is_404(verb: str) -> None:
    response = api.call(verb, f"/api/v1/services/{api.NOBODY}/experiments", {"name": "Button"})

    assert api.read(response, 404) == {"detail": "Service not found"}


def test_delete_answers_202_and_does_not_look_at_the_service() -> None:
    made = api.halves()

    gone = api.read(api.call("DELETE", f"/api/v1/services/whatever/experiments/{made['id']}"), 202)

    assert gone == {"message": f"experiment {made['id']} deleted successfully"}
    assert api.read(api.get(f"/api/v1/services/{made['service_id']}/experiments")) == []


def test_deleting_an_unknown_experiment_is_404() -> None:
    response = api.call("DELETE", f"/api/v1/services/{api.NOBODY}/experiments/{api.NOBODY}")

    assert api.read(response, 404) == {"detail": "Experiment not found"}
