"""A sample without a bucket gets the arm every other dialect gives: remembered first, drawn else."""

from typing import Any

import orjson
import pytest

from decisions import deciding, snapshots
from decisions.engine import Subject
from experiments.models import DecisionPoint, Experiment, Project, Variation
from tests.wire.experiment_api import api
from users.models import Assignment, ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


def _decided(experiment: Experiment, user_id: str) -> str:
    snapshot = snapshots.for_project(experiment.project_id)
    arm = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))
    assert arm is not None
    return arm.key


def _draw(experiment: Experiment, user_id: str) -> str:
    """What an SDK decides from the datafile alone."""
    drawn = snapshots.for_project(experiment.project_id).engine.draw(experiment.datafile_id, user_id)
    assert drawn is not None
    return drawn.key


def _remember(experiment: Experiment, user_id: str, key: str) -> None:
    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=user_id,
        variation_id=Variation.objects.get(key=key).pk,
        method=Assignment.Method.FORCED,
        now=experiment.created_at,
    )


def test_what_we_choose_is_what_the_datafile_draws() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    entities = [f"user{number}" for number in range(40)]

    chosen = [api.sample(made, entity)["allocated_bucket"] for entity in entities]

    assert chosen == [_draw(experiment, entity) for entity in entities]
    assert not Experiment.objects.get().remembers_other_arms


def test_a_bucket_the_client_chose_is_decided_for_everybody_who_asks() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    people = [f"person-{number}" for number in range(40)]
    for entity in people:
        api.sample(made, entity, "treatment")

    assert {_decided(experiment, entity) for entity in people} == {"treatment"}
    assert {_draw(experiment, entity) for entity in people} == {"control", "treatment"}


def test_an_arm_remembered_elsewhere_is_what_we_choose() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    other = {"control": "treatment", "treatment": "control"}[_draw(experiment, "user123")]
    _remember(experiment, "user123", other)

    assert api.sample(made, "user123")["allocated_bucket"] == other


def test_an_alias_has_the_arm_of_its_person() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    other = {"control": "treatment", "treatment": "control"}[_draw(experiment, "alias")]
    UserAlias.objects.create(alias="alias", user=ExperimentUser.objects.create(external_id="root"))
    _remember(experiment, "root", other)

    assert api.sample(made, "alias")["allocated_bucket"] == other
    assert Assignment.objects.get().unit_id == "root"


def test_a_bucket_that_contradicts_the_remembered_arm_is_kept_as_the_client_s_own_word() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    api.sample(made, "user123", "control", value="US")

    second = api.sample(made, "user123", "treatment", value="DE")

    assert second["allocated_bucket"] == "treatment"
    assert _decided(experiment, "user123") == "control"


def _activated(user_id: str) -> str:
    """What a client of the Agent is told."""
    key: str = api.read(_activate(user_id))[0]["variationKey"]
    return key


def _activate(user_id: str) -> Any:
    headers = {"X-Optimizely-SDK-Key": Project.objects.get().sdk_key}
    return _post("/v1/activate?experimentKey=Button", {"userId": user_id}, headers)


def _post(path: str, body: Any, headers: dict[str, str]) -> Any:
    return api.CLIENT.post(path, orjson.dumps(body), "application/json", headers=headers)


def _assigned(user_id: str) -> str:
    """What a client of UpGrade is told."""
    headers = {"User-Id": user_id}
    api.read(_post("/api/v6/init", {}, headers))
    [decision] = api.read(_post("/api/v6/assign", {"context": "Shop"}, headers))
    code: str = decision["assignedCondition"][0]["conditionCode"]
    return code


def test_clients_of_every_dialect_are_told_the_same_arm() -> None:
    made = api.halves()
    DecisionPoint.objects.create(experiment=Experiment.objects.get(), site="page", target="button")
    api.bucket(made, "control", 50)  # publishes
    # So many that both arms are among theirs whatever id the experiment got.
    drawn = {entity: api.sample(made, entity)["allocated_bucket"] for entity in map("visitor {}".format, range(40))}
    chosen = {entity: api.sample(made, entity, "treatment")["allocated_bucket"] for entity in ("fay", "gus", "hal")}

    told = drawn | chosen

    assert set(drawn.values()) == {"control", "treatment"}
    assert {entity: _activated(entity) for entity in told} == told
    assert {entity: _assigned(entity) for entity in told} == told


def test_whom_another_dialect_met_first_gets_that_arm_here() -> None:
    made = api.halves()
    people = [f"person-{number}" for number in range(8)]
    told = {entity: _activated(entity) for entity in people}

    assert {entity: api.sample(made, entity)["allocated_bucket"] for entity in people} == told


@pytest.mark.parametrize(
    "path", ["services/{service_id}", "experiments/{id}"], ids=["an inactive service", "an inactive experiment"]
)
def test_what_is_switched_off_here_is_off_for_the_agent(path: str) -> None:
    made = api.halves()

    api.read(api.call("PATCH", f"/api/v1/{path.format(**made)}", {"active": False}))

    answer = _activate("ann")
    assert answer.status_code == 403 or not api.read(answer)[0]["enabled"]
