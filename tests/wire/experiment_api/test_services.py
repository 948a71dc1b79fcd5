"""`/api/v1/services`: creating answers 201, and only that."""

import re

import pytest

from decisions import snapshots
from experiments.models import Experiment, Project
from sampling.models import Sample
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def test_create_answers_201_with_the_documented_keys_in_order() -> None:
    made = api.read(api.post("/api/v1/services", {"name": "Shop"}), 201)

    assert list(made) == ["name", "active", "id", "created_at", "updated_at"]
    assert (made["name"], made["active"]) == ("Shop", True)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made["id"])
    assert INSTANT.fullmatch(made["created_at"])


def test_a_service_reads_as_it_was_created() -> None:
    made = api.service(active=False)

    assert api.read(api.get(f"/api/v1/services/{made['id']}")) == made


def test_a_service_is_a_project_that_sdks_can_ask_for() -> None:
    made = api.service(name="Checkout")

    project = Project.objects.get(uid=made["id"])
    assert project.key == "Checkout"
    assert snapshots.for_sdk_key(project.sdk_key) is not None


def test_services_of_one_name_live_side_by_side() -> None:
    first, second = api.service(), api.service()

    assert first["id"] != second["id"]
    assert [row["name"] for row in api.read(api.get("/api/v1/services"))] == ["Shop", "Shop"]


def test_a_sent_id_and_unknown_keys_are_ignored() -> None:
    made = api.service(id=api.NOBODY, colour="red")

    assert made["id"] != api.NOBODY
    assert "colour" not in made


def test_list_is_an_array_with_the_oldest_first() -> None:
    names = ["one", "two", "three"]
    for name in names:
        api.service(name=name)

    assert [row["name"] for row in api.read(api.get("/api/v1/services"))] == names


def test_active_only_looks_at_the_stored_flag() -> None:
    api.service(name="off", active=False)
    api.service(name="on")

    rows = api.read(api.get("/api/v1/services?active_only=true"))

    assert [row["name"] for row in rows] == ["on"]
    assert len(api.read(api.get("/api/v1/services?active_only=false"))) == 2


def test_an_unknown_service_is_404() -> None:
    response = api.get(f"/api/v1/services/{api.NOBODY}")

    assert api.read(response, 404) == {"detail": "Service not found"}


def test_delete_answers_202_and_takes_everything_below_with_it() -> None:
    experiment = api.halves()
    api.sample(experiment, "user123", "control")
    path = f"/api/v1/services/{experiment['service_id']}"

    gone = api.read(api.call("DELETE", path), 202)

    assert gone == {"message": f"service {experiment['service_id']} deleted successfully"}
    assert api.read(api.get(path), 404) == {"detail": "Service not found"}
    assert not Experiment.objects.exists()
    assert not Sample.objects.exists()


def test_a_deleted_service_is_no_longer_decided_for() -> None:
    made = api.service()
    sdk_key = Project.objects.get(uid=made["id"]).sdk_key

    api.call("DELETE", f"/api/v1/services/{made['id']}")

    assert snapshots.for_sdk_key(sdk_key) is None


def test_deleting_an_unknown_service_is_404() -> None:
    response = api.call("DELETE", f"/api/v1/services/{api.NOBODY}")

    assert api.read(response, 404) == {"detail": "Service not found"}


def test_a_project_that_is_closed_to_this_dialect_is_no_service() -> None:
    project = Project.objects.create(key="closed", name="Closed", dialects=["upgrade"])

    assert api.read(api.get("/api/v1/services")) == []
    assert api.read(api.get(f"/api/v1/services/{project.uid}"), 404)
