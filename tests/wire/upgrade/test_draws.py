"""Draws over HTTP are the original's, bit for bit (upgrade contract §3.3, upgrade-scenarios.md A.6)."""

from typing import Any
from uuid import UUID

import pytest

from decisions import lifecycle, snapshots
from experiments.models import Experiment, Project
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School

pytestmark = pytest.mark.django_db

AB = {"ConditionA": "0.4", "ConditionB": "0.6"}
FIRST = {"A": "0.5", "B": "0.5"}
STUDENTS = [
    ("be3ae74f-370a-4015-93f3-7761d16f8b17", AB, "BABBBBBBABBB"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b17", FIRST, "AABBBABBAABB"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b11", AB, "BABABABAABAB"),
    ("8b0e562a-029e-4680-836c-7de6b2ef6ac9", AB, "BABABBBABABA"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e07", AB, "AABBAAABBAAB"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e08", {"ConditionA": "0.555", "ConditionB": "0.445"}, "ABABAABBABBA"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b18", AB, "BBBBBAAAABAB"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b15", AB, "BBABABBABBBB"),
    ("edf54471-5266-4a52-a058-90fac2d03678", FIRST, "BBAAAAABABBA"),
    ("fdf54471-5266-4a52-a058-90fac2d03678", dict.fromkeys("ABCD", "0.25"), "BDACBDCACDDC"),
]
CLASSES = [
    ("be3ae74f-370a-4015-93f3-7761d16f8b17", AB, "BBABAA"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b17", FIRST, "BBAAAA"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b11", AB, "ABBAAB"),
    ("8b0e562a-029e-4680-836c-7de6b2ef6ac9", AB, "ABBBBB"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e07", AB, "BABABB"),
    ("3711346b-49d4-4f49-92b9-0d0ce7fa6e08", {"ConditionA": "0.555", "ConditionB": "0.445"}, "AABAAA"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b18", AB, "ABBAAB"),
    ("be3ae74f-370a-4015-93f3-7761d16f8b15", AB, "BBBBBA"),
]


def _run(project: Project, **fields: Any) -> Experiment:
    experiment = base.design(project=project, points=[base.P1], **fields)
    return lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)


@pytest.mark.parametrize(("uid", "weights", "expected"), STUDENTS)
@pytest.mark.parametrize("version", [5, 6])
def test_students_get_the_arms_the_original_draws(
    school: School, uid: str, weights: dict[str, str], expected: str, version: int
) -> None:
    _run(builders.project(), uid=UUID(uid), weights=weights)
    school.version = version
    for number in range(1, 13):
        school.init(f"student{number}")

    drawn = "".join(school.codes(f"student{number}")[base.P1][-1] for number in range(1, 13))

    assert drawn == expected


@pytest.mark.parametrize(("uid", "weights", "expected"), CLASSES)
def test_classes_get_the_arms_the_original_draws(
    school: School, uid: str, weights: dict[str, str], expected: str
) -> None:
    _run(builders.project(), uid=UUID(uid), weights=weights, design=base.G_G)
    for group in "123456":
        school.init(f"of{group}", group={"teacher": [group]}, workingGroup={"teacher": group})

    drawn = "".join(school.codes(f"of{group}")[base.P1][-1] for group in "123456")

    assert drawn == expected


def test_weights_that_do_not_reach_the_draw_give_the_first_condition(school: School) -> None:
    _run(builders.project(), weights={"A": "0.1", "B": "0.1"})
    for number in range(1, 5):
        school.init(f"student{number}")

    drawn = [school.codes(f"student{number}")[base.P1] for number in range(1, 5)]

    assert drawn == ["A", "B", "A", "A"]


def test_murmur_experiments_agree_with_the_datafile(school: School) -> None:
    experiment = builders.running(project=builders.project(), points=[base.P1])
    engine = snapshots.for_project(experiment.project_id).engine
    names = [f"user{number}" for number in range(50)]
    for name in names:
        school.init(name)

    given = [school.codes(name)[base.P1] for name in names]

    drawn = [engine.draw(experiment.datafile_id, name) for name in names]
    assert given == [arm.key for arm in drawn if arm]
    assert set(given) == {"control", "treatment"}


WITHIN = {
    "student1": "CCCAACBCBCCCCBABAACACCAB",
    "student2": "BACAACAACCCAACACBAAACCBB",
}
BLOCKS = {
    "student1": "CAB CBA CBA BCA CBA ACB CAB BCA",
    "student2": "ABC CAB CBA BAC BAC CBA ACB BAC",
}


@pytest.mark.parametrize(("order", "expected"), [("random", WITHIN), ("random_round_robin", BLOCKS)])
def test_within_subjects_orders_are_the_originals(school: School, order: str, expected: dict[str, str]) -> None:
    design = {"unit": "within_subjects", "consistency": "", "condition_order": order}
    _run(builders.project(), weights={"A": "0.5", "B": "0.3", "C": "0.2"}, design=design)

    for student, letters in expected.items():
        school.init(student)
        (item,) = school.assign(student)
        codes = "".join(each["conditionCode"] for each in item["assignedCondition"])
        assert codes[:24] == letters.replace(" ", "")
        assert len(codes) == (100 if order == "random" else 102)
