"""A term in a school: people come, mark, change class, drop out; an experiment pauses, resumes and ends.

Whatever the order, the contract's promises hold at the end of every day. The order is drawn from a fixed seed. Set
`ARBITER_WHOLE_SCHOOL` for 500 learners in 20 classes.
"""

import csv
import os
import random
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from decisions import lifecycle
from experiments.models import Experiment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, Exclusion, ExperimentUser

pytestmark = pytest.mark.django_db

WHOLE_SCHOOL = bool(os.environ.get("ARBITER_WHOLE_SCHOOL"))
LEARNERS, CLASSES, STEPS_A_DAY = (500, 20, 600) if WHOLE_SCHOOL else (24, 6, 24)
WEIGHTS = {"ConditionA": "0.5", "ConditionB": "0.5"}
DAYS = ("running", "running", "paused", "running", "paused")


class Term:
    def __init__(self, school: School, experiment: Experiment, seed: int) -> None:
        self.school = school
        self.experiment = experiment
        self.chance = random.Random(seed)
        self.told: dict[str, set[str]] = {}
        self.classes: dict[str, str] = {}

    def begin(self) -> None:
        for number in range(LEARNERS):
            learner, group = f"learner{number}", f"class{number % CLASSES}"
            self.school.init(learner, group={"teacher": [group]}, workingGroup={"teacher": group})
            self.classes[learner] = group

    def day(self, status: str) -> None:
        self.experiment = lifecycle.change_status(experiment=self.experiment, to=status, now=builders.NOW)
        for _ in range(STEPS_A_DAY):
            learner = self.chance.choice(list(self.classes))
            self.chance.choices((self.visit, self.move, self.drop_out), weights=(12, 2, 1))[0](learner)

    def visit(self, learner: str) -> None:
        """See what is given at both points, which must be one condition, and report it.

        Somebody who first comes while it is paused sees what the class has, and is not in it themselves.
        """
        codes = self.school.codes(learner)
        assert len(set(codes.values())) <= 1
        point = self.chance.choice((base.P1, base.P2))
        marked = self.school.mark(learner, *point, codes.get(point), experiment=self.experiment.uid)
        if point in codes and marked["enrollmentCode"]:
            self.told.setdefault(learner, set()).add(codes[point])

    def move(self, learner: str) -> None:
        self.classes[learner] = f"class{self.chance.randrange(CLASSES)}"
        self.school.move(learner, "teacher", self.classes[learner])

    def drop_out(self, learner: str) -> None:
        self.school.mark(learner, *base.P1, None, experiment=self.experiment.uid, status="condition not applied")

    def live(self) -> dict[str, str]:
        rows = Assignment.objects.filter(unit_type="user", ended_at__isnull=True).select_related("variation")
        arms = [(row.unit_id, row.variation.key) for row in rows if row.variation]
        assert len(arms) == len(dict(arms)), "somebody holds two conditions"
        return dict(arms)


def _exported(experiment: Experiment) -> list[dict[str, str]]:
    out = StringIO()
    call_command("export_enrolments", str(experiment.uid), stdout=out)
    return list(csv.DictReader(StringIO(out.getvalue())))


@pytest.mark.parametrize(
    "design",
    [base.I_I, base.G_G, base.G_I, base.G_E],
    ids=["individual", "group", "group-individual", "group-experiment"],
)
def test_a_term_keeps_the_promises(school: School, design: Mapping[str, Any]) -> None:
    experiment = base.design(
        project=builders.project(), design=design, weights=WEIGHTS, points=[base.P1, base.P2], exclude_if_reached=True
    )
    term = Term(school, experiment, seed=7)
    term.begin()
    for learner in ("learner3", "learner9"):
        school.mark(learner, *base.P1, "ConditionA", experiment=experiment.uid)

    for status in DAYS:
        term.day(status)

        live = term.live()
        given = {learner: set(school.codes(learner).values()) for learner in term.classes}
        _check_what_is_given(term, design, given, live)
        assert {row["UserId"]: row["ConditionName"] for row in _exported(experiment)} == live

    lifecycle.change_status(experiment=term.experiment, to="completed", now=builders.NOW)
    assert all(school.assign(learner) == [] for learner in term.classes)
    assert term.told, "nobody was ever given anything"
    assert ExperimentUser.objects.count() == LEARNERS


def _check_what_is_given(
    term: Term, design: Mapping[str, Any], given: Mapping[str, set[str]], live: Mapping[str, str]
) -> None:
    excluded = set(Exclusion.objects.filter(unit_type="user").values_list("unit_id", flat=True))
    if design["consistency"] == "individual":
        assert not [learner for learner in excluded if given[learner]], "somebody excluded is given something"
    if design["consistency"] == "individual":
        for learner, arm in live.items():
            assert given[learner] in (set(), {arm}), "an enrolled learner sees another condition"
            assert term.told.get(learner, {arm}) == {arm}, "a learner has seen two conditions"
    if design == base.G_G:
        _check_class_mates(term, given)


def _check_class_mates(term: Term, given: Mapping[str, set[str]]) -> None:
    """A group's arm comes before a member's own exclusion (contract §3.5), and a group's exclusion before all."""
    out = set(Exclusion.objects.filter(unit_type="teacher").values_list("unit_id", flat=True))
    for group in set(term.classes.values()):
        mates = [learner for learner, own in term.classes.items() if own == group]
        arms = set().union(*(given[learner] for learner in mates))
        assert len(arms) <= (0 if group in out else 1), "class mates see different conditions, or an excluded class one"
