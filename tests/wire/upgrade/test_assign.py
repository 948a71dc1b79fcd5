"""assign: what a person is given (upgrade contract §1.2, §3)."""

from typing import Any

import pytest
from django.conf import LazySettings

from decisions import lifecycle, snapshots
from experiments.models import Experiment, Payload
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, PointMark

pytestmark = pytest.mark.django_db

Status = Experiment.Status


def _start(experiment: Experiment) -> Experiment:
    return lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)


def test_an_item_has_the_shape_clients_read(school: School) -> None:
    experiment = _start(base.design(project=builders.project(), points=[base.P1]))
    arm = experiment.variations.get(key="ConditionB")
    school.init("student1")

    assert school.assign("student1") == [
        {
            "target": "W1",
            "site": "CurriculumSequence",
            "experimentType": "Simple",
            "condition": "ConditionB",
            "assignedCondition": [
                {
                    "id": str(arm.uid),
                    "conditionCode": "ConditionB",
                    "payload": None,
                    "experimentId": str(base.BASE),
                }
            ],
        }
    ]


def test_without_an_experiment_there_is_nothing(school: School) -> None:
    builders.project()
    school.init("u1")

    assert school.assign("u1") == []


def test_assign_writes_nothing(school: School) -> None:
    _start(base.design(project=builders.project()))
    school.init("u1")

    school.assign("u1")

    assert not Assignment.objects.exists()
    assert not PointMark.objects.exists()


def test_unknown_keys_of_the_body_are_accepted(school: School) -> None:
    builders.project()
    school.init("u1")

    assert school.send("POST", "assign", "u1", {"context": "home", "extra": 1}).status_code == 200


def test_experiments_of_another_context_are_not_given(school: School) -> None:
    _start(base.design(project=builders.project(key="add")))
    builders.project()
    school.init("u1")

    assert school.assign("u1") == []
    assert len(school.assign("u1", "add")) == 3


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SCHEDULED, Status.PREVIEW, Status.COMPLETED])
def test_what_is_not_running_is_given_to_nobody(school: School, status: str) -> None:
    project = builders.project()
    base.design(project=project, status=status)
    lifecycle.publish(project=project, now=builders.NOW)
    school.init("u1")

    assert school.assign("u1") == []


def test_payloads_belong_to_a_condition_and_a_point(school: School) -> None:
    experiment = base.design(project=builders.project())
    arm, point = experiment.variations.get(key="ConditionB"), experiment.points.get(target="W2")
    Payload.objects.create(variation=arm, decision_point=point, type="json", value='{"hint": true}')
    Payload.objects.create(variation=arm, decision_point=experiment.points.get(target="W1"), value="")
    _start(experiment)
    school.init("student1")

    payloads = {item["target"]: item["assignedCondition"][0]["payload"] for item in school.assign("student1")}

    assert payloads == {"W1": None, "W2": {"type": "json", "value": '{"hint": true}'}, "": None}


def test_an_alias_is_given_what_the_person_is_given(school: School) -> None:
    _start(base.design(project=builders.project()))
    school.init("student2")
    school.send("PATCH", "useraliases", "student2", {"aliases": ["student1"]})

    assert school.codes("student1")[base.P1] == school.codes("student2")[base.P1] == "ConditionA"


@pytest.mark.parametrize("design", [base.I_I, base.G_G, {"unit": "within_subjects", "consistency": ""}])
def test_a_request_reads_once_however_much_there_is(
    school: School, settings: LazySettings, django_assert_num_queries: Any, design: dict[str, Any]
) -> None:
    project = builders.project()
    for number in range(10):
        points = [("site", f"{number}-{point}") for point in range(5)]
        _start(builders.experiment(project=project, key=f"e{number}", points=points, design=design))
    school.init("u1", group={"teacher": ["1"]}, workingGroup={"teacher": "1"})
    snapshots.current()
    settings.INLINE_SNAPSHOTS = False

    with django_assert_num_queries(1):
        items = school.assign("u1")

    assert len(items) == 50
