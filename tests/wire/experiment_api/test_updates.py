"""What the document cannot change: services, experiments, buckets, conditions, by PATCH."""

from typing import Any

import pytest

from decisions import snapshots
from experiments.models import Experiment, Project, StatusChange
from tests import builders
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def _patch(path: str, **changes: Any) -> Any:
    return api.read(api.call("PATCH", path, changes))


def _experiment(made: dict[str, Any]) -> str:
    return f"/api/v1/experiments/{made['id']}"


def test_a_service_is_renamed_and_switched_off() -> None:
    made = api.service()

    changed = _patch(f"/api/v1/services/{made['id']}", name="Store", active=False)

    assert (changed["name"], changed["active"]) == ("Store", False)
    assert changed["updated_at"] > made["updated_at"]
    assert api.read(api.get(f"/api/v1/services/{made['id']}")) == changed
    assert not snapshots.for_project(Project.objects.get().pk).is_active


def test_one_experiment_can_be_read() -> None:
    made = api.experiment()

    assert api.read(api.get(_experiment(made))) == made


def test_switching_an_experiment_off_and_on_stamps_both_times() -> None:
    made = api.experiment()

    off = _patch(_experiment(made), active=False)
    on = _patch(_experiment(made), active=True)

    assert (off["active"], off["last_activated_at"]) == (False, None)
    assert off["last_deactivated_at"] is not None
    assert (on["active"], on["last_deactivated_at"]) == (True, off["last_deactivated_at"])
    assert on["last_activated_at"] > off["last_deactivated_at"]
    assert list(StatusChange.objects.order_by("id").values_list("to_status", flat=True)) == ["inactive", "running"]


@pytest.mark.parametrize("active", [True, False])
def test_the_same_state_again_stamps_nothing(active: bool) -> None:
    made = api.experiment(active=active)

    again = _patch(_experiment(made), active=active)

    assert again["last_activated_at"] is again["last_deactivated_at"] is None


def test_a_switched_off_experiment_is_decided_for_nobody() -> None:
    made = api.halves()

    _patch(_experiment(made), active=False)

    assert made["id"] not in snapshots.for_project(Project.objects.get().pk).by_uid


def test_an_experiment_is_renamed_and_rescheduled_and_keeps_its_key() -> None:
    made = api.experiment(scheduled_start_date="2030-01-01")

    changed = _patch(_experiment(made), name="Other", scheduled_start_date=None)

    assert (changed["name"], changed["scheduled_start_date"], changed["active"]) == ("Other", None, True)
    assert Experiment.objects.get().key == "Button"


def test_an_archived_experiment_cannot_be_switched_on() -> None:
    experiment = builders.experiment(project=builders.project(), status="archived")

    response = api.call("PATCH", f"/api/v1/experiments/{experiment.uid}", {"name": "New", "active": True})

    assert api.read(response, 409) == {"detail": "button is archived and cannot become running"}
    assert Experiment.objects.get().name == "button"


def test_an_empty_change_changes_nothing() -> None:
    made = api.experiment()

    assert _patch(_experiment(made)) == made


def test_a_null_is_a_fault_where_a_value_is_due() -> None:
    found = api.faults(api.call("PATCH", _experiment(api.experiment()), {"name": None, "active": None}))

    assert [fault["type"] for fault in found] == ["string_type", "bool_type"]


def test_a_share_changes_and_nobody_moves() -> None:
    made = api.halves()
    before = {entity: api.sample(made, entity)["allocated_bucket"] for entity in ("ann", "bob", "cleo", "dan")}

    _patch(f"{_experiment(made)}/buckets/control", percentage_distribution=0)
    changed = _patch(f"{_experiment(made)}/buckets/treatment", percentage_distribution=100)

    assert changed["percentage_distribution"] == 100
    assert {entity: api.sample(made, entity, value="new")["allocated_bucket"] for entity in before} == before


def test_a_share_cannot_grow_beyond_what_is_left() -> None:
    made = api.halves()

    response = api.call("PATCH", f"{_experiment(made)}/buckets/control", {"percentage_distribution": 51})

    assert [fault["loc"] for fault in api.faults(response)] == [["body", "percentage_distribution"]]


def test_an_unknown_bucket_is_404() -> None:
    response = api.call("PATCH", f"{_experiment(api.experiment())}/buckets/a%2Fb", {"percentage_distribution": 5})

    assert api.read(response, 404) == {"detail": "Bucket not found"}


def test_a_condition_is_changed_and_deleted() -> None:
    made = api.criterion(api.experiment(), api.condition())
    path = f"/api/v1/criteria/{made['id']}/conditions/{made['conditions'][0]['id']}"

    changed = _patch(path, value="DE", condition="not_equals")
    gone = api.read(api.call("DELETE", path), 202)

    assert (changed["property"], changed["value"], changed["condition"]) == ("country", "DE", "not_equals")
    assert gone == {"message": f"condition {changed['id']} deleted successfully"}
    assert api.read(api.call("DELETE", path), 404) == {"detail": "Condition not found"}
