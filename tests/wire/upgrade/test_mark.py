"""mark: what a person met, remembered and recorded (upgrade contract §1.2, §4)."""

from typing import Any
from uuid import uuid4

import pytest

from decisions import lifecycle
from events.models import Exposure
from experiments.models import Experiment, Payload
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, Exclusion, PointMark

pytestmark = pytest.mark.django_db

Status = Experiment.Status


def _running(**fields: Any) -> Experiment:
    experiment = base.design(project=fields.pop("project", None) or builders.project(), **fields)
    return lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)


def test_the_answer_says_what_is_stored(school: School) -> None:
    _running()
    school.init("student1")

    marked = school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)

    assert marked == {
        "id": str(PointMark.objects.get().uid),
        "condition": "ConditionB",
        "userId": "student1",
        "site": "CurriculumSequence",
        "target": "W1",
        "experimentId": str(base.BASE),
        "enrollmentCode": "participant enrolled via algorithm",
    }


def test_the_document_s_own_place_of_the_experiment_id_is_read_too(school: School) -> None:
    _running()
    school.init("student1")
    data = {"site": base.SITE, "target": "W1", "assignedCondition": {"conditionCode": "ConditionB"}}

    response = school.send("POST", "mark", "student1", {"data": {**data, "experimentId": str(base.BASE)}})

    assert response.json()["experimentId"] == str(base.BASE)


@pytest.mark.parametrize("version", [5, 6])
def test_a_mark_enrols_with_the_server_s_arm_and_records_the_exposure(school: School, version: int) -> None:
    experiment = _running()
    school.version = version
    school.init("student1")

    school.mark("student1", *base.P1, "ConditionA", experiment=base.BASE)

    enrolled = Assignment.objects.get()
    assert (enrolled.unit_id, enrolled.variation and enrolled.variation.key) == ("student1", "ConditionB")
    met = Exposure.objects.get()
    assert (met.source, met.user_id, met.experiment_id, met.variation_key) == (
        "upgrade",
        "student1",
        experiment.pk,
        "ConditionB",
    )


def test_the_first_mark_of_a_point_stands_for_good(school: School) -> None:
    experiment = _running()
    school.init("student1")
    first = school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)

    again = school.mark("student1", *base.P1, "ConditionA", experiment=base.BASE)
    experiment.delete()
    lifecycle.publish(project=experiment.project, now=builders.NOW)
    after = school.mark("student1", *base.P1, "anything", experiment=uuid4())

    assert {key: again[key] for key in ("id", "condition", "experimentId")} == {
        key: first[key] for key in ("id", "condition", "experimentId")
    }
    assert (after["id"], after["condition"], after["experimentId"]) == (first["id"], "ConditionB", str(base.BASE))


def test_a_mark_sent_twice_changes_nothing(school: School) -> None:
    _running()
    school.init("student1")

    first = school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)
    second = school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)

    assert first == second
    assert (PointMark.objects.count(), Assignment.objects.count(), Exposure.objects.count()) == (1, 1, 1)


def test_the_next_experiment_at_a_point_is_met_there_too(school: School) -> None:
    first = _running()
    school.init("student1")
    school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)
    lifecycle.change_status(experiment=first, to="completed", now=builders.NOW)
    second = base.design(project=first.project, uid=base.SECOND)
    lifecycle.change_status(experiment=second, to="running", now=builders.NOW)

    for _ in range(2):
        school.mark("student1", *base.P1, "ConditionB", experiment=base.SECOND)

    assert [met.experiment_id for met in Exposure.objects.order_by("id")] == [first.pk, second.pk]


def test_a_point_of_no_experiment_is_stored_as_it_was_sent(school: School) -> None:
    school.init("u1")
    future = uuid4()

    marked = school.mark("u1", "site", "target", "A", experiment=future)

    assert (marked["experimentId"], marked["condition"], marked["enrollmentCode"]) == (str(future), "A", None)
    assert school.mark("u1", "site", "other")["experimentId"] is None


def test_a_condition_first_left_out_is_answered_as_sent(school: School) -> None:
    school.init("u1")
    school.mark("u1", "site", "target")

    assert school.mark("u1", "site", "target", "B")["condition"] == "B"


def test_an_experiment_that_is_not_at_the_point_is_404(school: School) -> None:
    _running()
    school.init("student1")

    response = school.try_mark("student1", *base.P1, "ConditionA", experiment=uuid4())

    assert response.status_code == 404
    assert response.json()["type"] == "Query Failed"
    assert response.json()["message"].startswith("Experiment ID not provided for shared Decision Point")
    assert not PointMark.objects.exists()


def test_a_condition_the_experiment_does_not_have_is_404(school: School) -> None:
    _running()
    school.init("student1")

    response = school.try_mark("student1", *base.P1, "ConditionC", experiment=base.BASE)

    assert response.status_code == 404
    assert (response.json()["message"], response.json()["type"]) == (
        "Condition not found: ConditionC",
        "Condition not found",
    )
    assert not PointMark.objects.exists()


def test_a_payload_of_any_length_names_its_condition(school: School) -> None:
    experiment = base.design(project=builders.project())
    document = '{"steps": "' + "x" * 3000 + '"}'
    Payload.objects.create(variation=experiment.variations.get(key="ConditionB"), type="json", value=document)
    builders.started(experiment)
    school.init("student1")

    assert school.mark("student1", *base.P1, document, experiment=experiment.uid)["condition"] == document
    assert school.mark("student1", *base.P1, "ConditionB", experiment=experiment.uid)["condition"] == document
    assert school.try_mark("student1", *base.P1, "x" * 100_001, experiment=experiment.uid).status_code == 400


def test_a_payload_names_its_condition(school: School) -> None:
    experiment = base.design(project=builders.project())
    Payload.objects.create(variation=experiment.variations.get(key="ConditionB"), value="blue pill")
    lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)
    school.init("student1")

    assert school.mark("student1", *base.P1, "blue pill", experiment=base.BASE)["condition"] == "blue pill"


def test_an_experiment_not_yet_started_is_marked_without_enrolling(school: School) -> None:
    base.design(project=builders.project())
    school.init("student1")

    marked = school.mark("student1", *base.P1, "ConditionA", experiment=base.BASE)

    assert (marked["experimentId"], marked["enrollmentCode"]) == (str(base.BASE), None)
    assert not Assignment.objects.exists()
    assert school.try_mark("student1", *base.P1, "ConditionX", experiment=base.BASE).status_code == 404


def test_a_condition_that_was_not_applied_excludes(school: School) -> None:
    _running()
    school.init("student1")

    school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE, status="condition not applied")

    assert school.assign("student1") == []
    assert Exclusion.objects.get().code == "excluded_by_client"
    assert not Exposure.objects.exists()


def test_a_client_s_error_is_not_stored_and_harms_nothing(school: School) -> None:
    _running()
    school.init("student1")

    school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE, clientError="no such element")

    assert Assignment.objects.count() == 1


def test_the_js_client_s_whole_item_is_accepted(school: School) -> None:
    _running()
    school.init("student1")
    item = school.assign("student1")[0]
    data = {**item, "assignedCondition": item["assignedCondition"][0]}

    response = school.send("POST", "mark", "student1", {"data": data, "status": "condition applied"})

    assert response.status_code == 200


def test_the_js_client_s_unknown_point_is_accepted(school: School) -> None:
    school.init("u1")
    shown = {"payload": None, "conditionCode": None, "id": None}
    data = {"site": "s", "target": "", "assignedCondition": shown, "experimentType": None}

    response = school.send("POST", "mark", "u1", {"data": data, "status": "no condition assigned"})

    assert (response.status_code, response.json()["target"]) == (200, "")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": {"site": "s"}},
        {"data": {"site": "", "target": "t"}},
        {"data": {"site": "s", "target": None}},
        {"data": {"site": "s", "target": "t", "assignedCondition": []}},
        {"data": {"site": "s", "target": "t", "assignedCondition": {"conditionCode": 5}}},
        {"data": {"site": "s", "target": "t"}, "status": "seen"},
        {"data": {"site": "s", "target": "t"}, "uniquifier": 5},
        {"data": {"site": "s\x00", "target": "t"}},
        {"data": {"site": "s" * 300, "target": "t"}},
        {"data": {"site": "s", "target": "t", "experimentId": "e" * 300}},
    ],
)
def test_a_wrong_body_is_refused_and_stores_nothing(school: School, body: dict[str, Any]) -> None:
    school.init("u1")

    response = school.send("POST", "mark", "u1", body)

    assert (response.status_code, response.json()["errorCode"]) == (400, 400)
    assert not PointMark.objects.exists()


def test_a_context_narrows_the_search(school: School) -> None:
    _running(project=builders.project(key="home"))
    other = _running(project=builders.project(key="add"), uid=base.SECOND)
    school.init("student1")

    marked = school.mark("student1", *base.P1, "ConditionA", context="add")

    assert marked["experimentId"] == str(other.uid)
    assert school.try_mark("student1", *base.P1, "ConditionA", context="nowhere").status_code == 400


def test_every_dialect_is_answered_the_marked_arm_of_a_shifted_experiment(school: School) -> None:
    """Weights move after the mark: the arm that was remembered is the one assign keeps answering."""
    experiment = _running()
    school.init("student1")
    school.mark("student1", *base.P1, "ConditionB", experiment=base.BASE)
    experiment.variations.filter(key="ConditionA").update(weight="1")
    experiment.variations.filter(key="ConditionB").update(weight="0")
    lifecycle.publish(project=experiment.project, now=builders.NOW)

    school.mark("student1", *base.P2, "ConditionB", experiment=base.BASE)

    assert set(school.codes("student1").values()) == {"ConditionB"}
    assert Assignment.objects.count() == 1
