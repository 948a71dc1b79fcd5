"""Factorial and within-subjects designs, payloads and orders (upgrade contract §3.6)."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from decisions import lifecycle
from events.models import Exposure
from experiments.models import Design, Experiment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, PointMark, RepeatedMark

pytestmark = pytest.mark.django_db

DESIGNS = Path(__file__).parents[2] / "contracts" / "data" / "upgrade_designs"
WITHIN = {"unit": "within_subjects", "consistency": ""}


def _factorial(school: School, **design: Any) -> None:
    call_command("import_upgrade", str(DESIGNS / "factorial.json"), state="running", stdout=StringIO())
    if design:
        Design.objects.update(**design)
        lifecycle.publish(project=Experiment.objects.get().project, now=builders.NOW)
    for number in range(1, 4):
        school.init(f"student{number}")


def test_a_factorial_condition_is_spelt_by_its_levels_and_carries_its_payload(school: School) -> None:
    _factorial(school)

    (item,) = school.assign("student3", "div")

    (condition,) = item["assignedCondition"]
    assert item["experimentType"] == "Factorial"
    assert condition["conditionCode"] == "Color=Red; Shape=Circle"
    assert condition["payload"] == {"type": "string", "value": "Red-Circle alias name"}
    assert item["assignedFactor"] == [
        {"Color": {"level": "Red", "payload": None}, "Shape": {"level": "Circle", "payload": None}}
    ]


def test_a_level_s_payload_is_told_as_a_string(school: School) -> None:
    _factorial(school)

    (item,) = school.assign("student1", "div")

    assert item["assignedCondition"][0]["payload"] is None
    assert item["assignedFactor"] == [
        {
            "Color": {"level": "Blue", "payload": {"type": "string", "value": "Blue payload"}},
            "Shape": {"level": "Rectangle", "payload": {"type": "string", "value": "Rectangle payload"}},
        }
    ]


@pytest.mark.parametrize("code", ["Color=Red; Shape=Circle", "Red-Circle alias name"])
def test_a_factorial_condition_is_marked_by_what_was_told(school: School, code: str) -> None:
    _factorial(school)

    marked = school.mark("student3", "geometry", "color_shape", code)

    assert (marked["condition"], marked["enrollmentCode"]) == (code, "participant enrolled via algorithm")


def test_factors_rotate_along_within_subjects(school: School) -> None:
    _factorial(school, unit="within_subjects", consistency="", condition_order="ordered_round_robin")
    Experiment.objects.get().variations.filter(key__contains="Red").update(key="stored code")
    lifecycle.publish(project=Experiment.objects.get().project, now=builders.NOW)
    school.mark("student1", "geometry", "color_shape", "stored code", uniquifier="1")

    (item,) = school.assign("student1", "div")

    assert [each["conditionCode"] for each in item["assignedCondition"]] == [
        "Color=Blue; Shape=Rectangle",
        "stored code",
    ]
    assert [each["Color"]["level"] for each in item["assignedFactor"]] == ["Blue", "Red"]


def _within(**fields: Any) -> Experiment:
    design = {**WITHIN, "condition_order": fields.pop("order", "ordered_round_robin")}
    weights = fields.pop("weights", {"A": "0.9", "B": "0.1", "C": "0"})
    experiment = base.design(project=builders.project(), design=design, weights=weights, **fields)
    return lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)


def _order(school: School, user: str = "student1", point: tuple[str, str] = base.P1) -> str:
    item = next(item for item in school.assign(user) if (item["site"], item["target"]) == point)
    return "".join(each["conditionCode"] for each in item["assignedCondition"])


def test_every_point_has_all_conditions_in_order_whatever_the_weights(school: School) -> None:
    _within()
    school.init("student1")

    assert [_order(school, point=point) for point in base.BASE_POINTS] == ["ABC"] * 3


def test_every_mark_moves_the_order_on_at_its_point_only(school: School) -> None:
    _within()
    school.init("student1")
    seen = []
    for number, code in enumerate("ABCA"):
        seen.append(_order(school))
        school.mark("student1", *base.P1, code, uniquifier=str(number))

    assert seen == ["ABC", "BCA", "CAB", "ABC"]
    assert _order(school, point=base.P2) == "ABC"
    assert _order(school) == "BCA"


def test_the_next_experiment_at_a_point_begins_its_own_order(school: School) -> None:
    first = _within()
    school.init("student1")
    school.mark("student1", *base.P1, "A", uniquifier="1")
    lifecycle.change_status(experiment=first, to="completed", now=builders.NOW)
    design = {**WITHIN, "condition_order": "ordered_round_robin"}
    weights = {"A": "0.9", "B": "0.1", "C": "0"}
    second = base.design(project=first.project, uid=base.SECOND, design=design, weights=weights)
    lifecycle.change_status(experiment=second, to="running", now=builders.NOW)

    before = _order(school)
    for _ in range(2):
        school.mark("student1", *base.P1, "A", uniquifier="1")

    assert (before, _order(school)) == ("ABC", "BCA")
    assert Exposure.objects.count() == 2


def test_a_uniquifier_sent_twice_counts_once(school: School) -> None:
    _within()
    school.init("student1")

    school.mark("student1", *base.P1, "A", uniquifier="once")
    school.mark("student1", *base.P1, "A", uniquifier="once")

    assert _order(school) == "BCA"
    assert (RepeatedMark.objects.count(), Exposure.objects.count()) == (1, 1)


def test_marks_without_a_uniquifier_all_count(school: School) -> None:
    _within()
    school.init("student1")

    school.mark("student1", *base.P1, "A")
    school.mark("student1", *base.P1, "B")

    assert _order(school) == "CAB"
    assert [met.variation_key for met in Exposure.objects.order_by("id")] == ["A", "B"]


def test_who_takes_part_within_subjects_is_enrolled_once_and_in_no_condition(school: School) -> None:
    _within()
    school.init("student1")

    school.mark("student1", *base.P1, "A", uniquifier="1")
    school.mark("student1", *base.P2, "A", uniquifier="2")

    enrolled = Assignment.objects.get()
    assert (enrolled.unit_id, enrolled.variation_id) == ("student1", None)
    assert PointMark.objects.count() == 2


def test_one_condition_alone_is_one_item(school: School) -> None:
    _within(order="random", weights={"A": "1"})
    school.init("student1")

    assert _order(school) == "A"


def test_a_random_order_is_rotated_too(school: School) -> None:
    _within(order="random")
    school.init("student1")
    before = _order(school)

    school.mark("student1", *base.P1, before[0], uniquifier="1")

    assert _order(school) == before[1:] + before[:1]


def test_paused_within_subjects_shows_nothing_to_anyone(school: School) -> None:
    experiment = _within()
    school.init("student1")
    school.mark("student1", *base.P1, "A", uniquifier="1")

    lifecycle.change_status(experiment=experiment, to="paused", now=builders.NOW)

    assert school.assign("student1") == []


def test_within_subjects_draws_of_our_own_experiments_use_the_hash(school: School) -> None:
    """Same rules, another source of numbers: the order is stable and holds every condition."""
    _within(order="random_round_robin", bucketing="murmur3")
    school.init("student1")

    order = _order(school)

    assert len(order) == 102
    assert all(sorted(order[start : start + 3]) == ["A", "B", "C"] for start in range(0, 102, 3))
    assert order != "ABC" * 34
    assert order == _order(school)
