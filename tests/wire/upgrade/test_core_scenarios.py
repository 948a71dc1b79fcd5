"""The original's core scenarios as HTTP steps (upgrade-scenarios.md B). Names carry the scenario's number.

`X/Y` in a name is unit/consistency. Students are those of A.4; group switches go to group 3, whose draw differs.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from decisions import lifecycle
from experiments.models import Design, Experiment, Project
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, Exclusion

pytestmark = pytest.mark.django_db

Status = Experiment.Status

RUN, PAUSE = Status.RUNNING, Status.PAUSED


class Play:
    """One experiment and the students around it. `has`, `none` and `mark` speak of the point P1."""

    def __init__(self, school: School, experiment: Experiment) -> None:
        self.school = school
        self.experiment = experiment

    def state(self, status: str) -> None:
        self.experiment = lifecycle.change_status(experiment=self.experiment, to=status, now=builders.NOW)

    def rule(self, rule: str, fallback: str | None) -> None:
        arm = self.experiment.variations.get(key=fallback) if fallback else None
        Design.objects.filter(experiment=self.experiment).update(post_rule=rule, fallback=arm)
        lifecycle.publish(project=self.experiment.project, now=builders.NOW)

    def gets(self, number: int) -> str | None:
        return self.school.codes(f"student{number}").get(base.P1)

    def mark(self, *numbers: int, point: tuple[str, str] = base.P1) -> None:
        """Always ConditionA, whatever was assigned, as the original's own tests do."""
        for number in numbers:
            self.school.mark(f"student{number}", *point, "ConditionA", experiment=self.experiment.uid)

    def has(self, number: int) -> str:
        """Asserts that the student is given something, and marks it."""
        given = self.gets(number)
        assert given is not None, f"student{number} is given nothing"
        self.mark(number)
        return given

    def none(self, number: int) -> None:
        assert self.gets(number) is None, f"student{number} is given {self.gets(number)}"
        self.mark(number)

    def leaves_nothing(self) -> None:
        self.experiment.delete()
        assert not Assignment.objects.exists()
        assert not Exclusion.objects.exists()


def _play(school: School, design: Mapping[str, Any], *, exclude_if_reached: bool = False, **fields: Any) -> Play:
    base.everybody(school)
    experiment = base.design(project=builders.project(), design=design, exclude_if_reached=exclude_if_reached, **fields)
    return Play(school, experiment)


def _another(project: Project, uid: Any, site: str, design: Mapping[str, Any] = base.I_I) -> Experiment:
    points = [(site, "W1"), (site, "W2")]
    experiment = base.design(project=project, uid=uid, points=points, design=design)
    return lifecycle.change_status(experiment=experiment, to=RUN, now=builders.NOW)


def test_1_a_mark_before_the_experiment_exists_excludes_at_the_start(school: School) -> None:
    base.everybody(school, 1)
    school.mark("student1", *base.P1, "ConditionA", experiment=base.BASE)
    play = Play(school, base.design(project=builders.project(), design=base.I_I, exclude_if_reached=True))

    play.state(RUN)

    assert play.gets(1) is None


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (2, {"group": None}),
        (3, {"workingGroup": None}),
        (4, {"workingGroup": {}}),
        (5, {"group": {}}),
    ],
)
def test_2_to_5_who_lost_the_group_keeps_what_was_entered_only(
    school: School, number: int, change: dict[str, Any]
) -> None:
    base.everybody(school)
    project = builders.project()
    lifecycle.change_status(experiment=base.design(project=project), to=RUN, now=builders.NOW)
    second = _another(project, base.SECOND, "CurriculumSequence2", base.G_I)
    site2 = ("CurriculumSequence2", "W1")
    assert {base.P1, site2} <= school.codes("student1").keys()

    school.mark("student1", *site2, "ConditionA", experiment=second.uid)
    _another(project, base.THIRD, "CurriculumSequence3", base.G_I)
    school.init("student1", **change)

    given = school.codes("student1")
    assert base.P1 in given and site2 in given
    assert ("CurriculumSequence3", "W1") not in given


def test_7_an_experiment_of_groups_ends_when_enough_groups_are_full(school: School) -> None:
    play = _play(school, {**base.G_G, "ending_user_count": 2, "ending_group_count": 2})
    play.mark(1)
    play.state(RUN)

    for number in (3, 4, 5):
        assert {base.P1, base.P2} <= school.codes(f"student{number}").keys()
        play.mark(number)
        play.mark(number, point=base.P2)
        play.experiment.refresh_from_db()
        assert play.experiment.status == RUN

    play.mark(6)
    play.experiment.refresh_from_db()
    assert play.experiment.status == PAUSE
    play.mark(5, point=base.P2)
    play.experiment.refresh_from_db()
    assert play.experiment.status == PAUSE


def test_8_an_experiment_ends_when_enough_people_are_in(school: School) -> None:
    play = _play(school, {**base.I_I, "ending_user_count": 2})
    play.mark(1)
    play.state(RUN)

    statuses = []
    for number, point in ((2, base.P1), (2, base.P2), (3, base.P1), (3, base.P2)):
        play.mark(number, point=point)
        play.experiment.refresh_from_db()
        statuses.append(play.experiment.status)

    assert statuses == [RUN, RUN, PAUSE, PAUSE]


def test_14_experiments_that_share_points_compete(school: School) -> None:
    base.everybody(school)
    project = builders.project()
    _another(project, base.SECOND, "CurriculumSequence2")
    assert len(school.assign("student1")) == 2
    _another(project, base.THIRD, "CurriculumSequence3")
    assert len(school.assign("student1")) == 4

    sixth = base.design(
        project=project,
        uid=base.BASE,
        points=[("CurriculumSequence2", "W1"), ("CurriculumSequence3", "W2")],
    )
    lifecycle.change_status(experiment=sixth, to=RUN, now=builders.NOW)

    assert len(school.assign("student1")) == 2
    school.mark("student1", "CurriculumSequence2", "W1", "ConditionA", experiment=sixth.uid)
    assert {item["assignedCondition"][0]["experimentId"] for item in school.assign("student1")} == {str(sixth.uid)}


def test_14_the_pool_s_draw_is_the_person_s_own(school: School) -> None:
    """Fractions of A.6 over three experiments, in the order of creation."""
    base.everybody(school)
    project = builders.project()
    first = _another(project, base.SECOND, "CurriculumSequence2")
    second = _another(project, base.THIRD, "CurriculumSequence3")
    third = base.design(project=project, points=[("CurriculumSequence2", "W1"), ("CurriculumSequence3", "W2")])
    lifecycle.change_status(experiment=third, to=RUN, now=builders.NOW)
    fractions = [0.0454, 0.4480, 0.2544, 0.1426, 0.3267, 0.8124, 0.8486, 0.0308, 0.7433, 0.9113, 0.0385, 0.8937]
    expected = [[first, second, third][int(fraction * 3)] for fraction in fractions]

    given = [school.assign(f"student{number}")[0] for number in range(1, 13)]

    assert [item["assignedCondition"][0]["experimentId"] for item in given] == [str(each.uid) for each in expected]


def test_15_individual_individual_with_exclusion_of_who_was_there(school: School) -> None:
    play = _play(school, base.I_I, exclude_if_reached=True)
    play.none(1)
    play.state(RUN)
    arms = {2: play.has(2)}
    play.none(1)
    arms[3] = play.has(3)
    assert arms == {2: "ConditionA", 3: "ConditionB"}

    play.state(PAUSE)
    play.none(1)
    assert {2: play.has(2), 3: play.has(3)} == arms
    play.none(4)
    play.leaves_nothing()


def test_16_individual_experiment(school: School) -> None:
    play = _play(school, base.I_E)
    play.none(1)
    play.state(RUN)
    arms = [play.has(number) for number in (2, 1, 3)]
    assert arms == ["ConditionA", "ConditionB", "ConditionB"]

    play.state(PAUSE)
    play.rule("continue", "ConditionA")
    assert [play.has(number) for number in (2, 1, 3)] == arms
    assert school.assign("student4") == []
    play.leaves_nothing()


def test_17_group_group_with_exclusion_of_who_was_there(school: School) -> None:
    play = _play(school, base.G_G, exclude_if_reached=True)
    play.none(1)
    play.state(RUN)
    play.none(2)
    play.none(1)
    assert play.has(3) == "ConditionB"

    play.state(PAUSE)
    play.none(1)
    play.none(2)
    assert play.has(3) == play.has(4) == "ConditionB"
    play.leaves_nothing()


def test_18_group_individual_with_exclusion_of_who_was_there(school: School) -> None:
    play = _play(school, base.G_I, exclude_if_reached=True)
    play.none(1)
    play.state(RUN)
    play.has(2)
    play.none(1)
    play.has(3)

    play.state(PAUSE)
    play.none(1)
    for number in (2, 3, 4):
        play.has(number)


def test_19_group_experiment(school: School) -> None:
    play = _play(school, base.G_E)
    play.none(1)
    play.state(RUN)
    for number in (2, 1, 3):
        play.has(number)

    play.state(PAUSE)
    for number in (1, 2, 3, 4):
        play.has(number)


def test_20_the_group_at_the_start_is_the_one_kept_out(school: School) -> None:
    play = _play(school, base.G_G, exclude_if_reached=True)
    both = {"teacher": ["3"], "class": ["2"]}
    school.init("student1", group=both, workingGroup={"teacher": "3", "class": "2"})
    play.none(1)
    school.init("student1", group={"teacher": ["1"], "class": ["1"]}, workingGroup={"teacher": "1", "class": "1"})
    play.state(Status.SCHEDULED)
    play.none(1)

    play.state(RUN)
    play.mark(2)
    play.none(1)
    assert play.has(3) == "ConditionB"
    assert play.has(5) == "ConditionA"

    play.state(PAUSE)
    play.none(1)
    play.none(2)
    for number in (3, 4, 5, 6):
        play.has(number)


def _switch(school: School, design: Mapping[str, Any]) -> Play:
    """Students 1 and 4 in class 1 (draws B), 2 and 3 in class 3 (draws A)."""
    play = _play(school, design)
    for number, group in ((1, "1"), (4, "1"), (2, "3"), (3, "3")):
        school.init(f"student{number}", group={"teacher": [group]}, workingGroup={"teacher": group})
    return play


def test_21_group_group_who_moves_gets_the_new_group_s_arm(school: School) -> None:
    play = _switch(school, base.G_G)
    play.state(RUN)
    x, y = play.has(1), play.has(3)
    assert (x, y) == ("ConditionB", "ConditionA")

    school.move("student1", "teacher", "3")

    assert play.has(1) == y
    assert play.gets(3) == y
    play.state(PAUSE)
    assert [play.gets(number) for number in (1, 2, 3, 4)] == [y, y, y, x]


def test_22_group_individual_who_moves_keeps_the_arm(school: School) -> None:
    play = _switch(school, base.G_I)
    play.state(RUN)
    x, y = play.has(1), play.has(2)
    assert (x, y) == ("ConditionB", "ConditionA")

    school.move("student1", "teacher", "3")

    assert play.has(1) == x
    assert play.has(3) == y
    play.state(PAUSE)
    assert [play.gets(number) for number in (1, 2, 3, 4)] == [x, y, y, x]


def test_23_group_experiment_who_moves_gets_the_new_group_s_arm(school: School) -> None:
    play = _switch(school, base.G_E)
    play.mark(1)
    play.state(RUN)
    x, y = play.has(1), play.has(2)
    assert (x, y) == ("ConditionB", "ConditionA")

    school.move("student1", "teacher", "3")

    assert play.gets(1) == y
    play.state(PAUSE)
    assert [play.gets(number) for number in (1, 2, 3, 4)] == [y, y, y, x]


@pytest.mark.parametrize("design", [base.G_G, base.G_E])
def test_21_and_23_what_was_left_behind_stays_in_the_history(school: School, design: Mapping[str, Any]) -> None:
    play = _switch(school, design)
    play.state(RUN)
    play.has(1)

    school.move("student1", "teacher", "3")
    play.has(1)

    told = Assignment.objects.filter(unit_type="user", unit_id="student1").order_by("id")
    assert [(row.variation and row.variation.key, row.ended_at is None) for row in told] == [
        ("ConditionB", False),
        ("ConditionA", True),
    ]


def test_24_nobody_gets_anything_after_an_end_that_assigns_nothing(school: School) -> None:
    play = _play(school, base.I_E)
    play.mark(1)
    play.state(RUN)
    for number in (2, 1, 3):
        play.has(number)

    play.rule("assign", None)
    play.state(PAUSE)

    for number in (1, 2, 3, 4):
        assert play.gets(number) is None


def test_25_who_was_in_gets_one_condition_after_an_end_that_assigns_it(school: School) -> None:
    play = _play(school, base.I_E)
    play.mark(1)
    play.state(RUN)
    for number in (2, 1, 3):
        play.has(number)

    play.rule("assign", "ConditionA")
    play.state(PAUSE)

    assert [play.gets(number) for number in (1, 2, 3)] == ["ConditionA"] * 3
    assert school.assign("student4") == []


def test_51_enough_people_and_exclusion_of_who_was_there(school: School) -> None:
    play = _play(school, {**base.I_I, "ending_user_count": 3}, exclude_if_reached=True)
    play.mark(1)
    play.state(RUN)
    statuses = []
    for step, number in ((play.has, 2), (play.none, 1), (play.has, 3), (play.has, 4)):
        step(number)
        play.experiment.refresh_from_db()
        statuses.append(play.experiment.status)

    assert statuses == [RUN, RUN, RUN, PAUSE]


def test_52_enough_full_groups_and_exclusion_of_who_was_there(school: School) -> None:
    play = _play(school, {**base.G_G, "ending_user_count": 2, "ending_group_count": 2}, exclude_if_reached=True)
    play.mark(1)
    play.state(RUN)
    statuses = []
    for number in (2, 3, 4, 5, 6):
        play.mark(number)
        play.experiment.refresh_from_db()
        statuses.append(play.experiment.status)

    assert statuses == [RUN, RUN, RUN, RUN, PAUSE]


REACHED = [
    (base.I_I, True, (False, True, True)),
    (base.I_E, True, (True, True, True)),
    (base.G_G, True, (False, False, True)),
    (base.G_I, True, (False, True, True)),
    (base.G_E, True, (True, True, True)),
    *[(each, False, (True, True, True)) for each in (base.I_I, base.I_E, base.G_G, base.G_I, base.G_E)],
]


@pytest.mark.parametrize(("design", "flag", "expected"), REACHED)
def test_who_was_there_before_the_start(
    school: School, design: Mapping[str, Any], flag: bool, expected: tuple[bool, ...]
) -> None:
    """Contract §3.8: student 1 was there, 2 is of the same group, 3 of another."""
    play = _play(school, design, exclude_if_reached=flag)
    play.mark(1)

    play.state(RUN)

    assert tuple(play.gets(number) is not None for number in (1, 2, 3)) == expected


def test_a_resume_excludes_nobody(school: School) -> None:
    play = _play(school, base.I_I, exclude_if_reached=True)
    play.state(RUN)
    play.has(1)
    play.state(PAUSE)
    school.mark("student5", *base.P1, "ConditionA")
    Exclusion.objects.all().delete()

    play.state(RUN)

    assert play.gets(1) is not None
    assert play.gets(5) is not None
