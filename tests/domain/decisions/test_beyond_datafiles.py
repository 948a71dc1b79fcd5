"""What a datafile cannot say, the server itself still decides, for every dialect alike."""

from collections.abc import Mapping
from typing import Any

import pytest

from decisions import deciding, lifecycle, snapshots
from decisions.drawing import assigning
from decisions.engine import Subject
from experiments.models import Experiment
from tests import builders
from users import people
from users.models import Assignment
from users.people import Change

pytestmark = pytest.mark.django_db

BY_CLASS = {"unit": "group", "group_type": "class", "consistency": "group"}


def _running(*, design: Mapping[str, Any] | None = None, **fields: Any) -> Experiment:
    points = [("site", "target")]
    return builders.running(project=builders.project(), points=points, design=design, bucketing="seedrandom", **fields)


def _arm(experiment: Experiment, user_id: str) -> str | None:
    snapshot = snapshots.for_project(experiment.project_id)
    arm = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))
    return arm.key if arm else None


def _assigned(experiment: Experiment, user_id: str) -> str | None:
    snapshot = snapshots.for_project(experiment.project_id)
    given = assigning.assign(snapshot=snapshot, user_id=user_id, now=builders.NOW)
    arm = given[0].plan.arm(given[0].arms[0]) if given else None
    return arm.key if arm else None


def _learn(user_id: str, group: str | None = None) -> None:
    groups = {"class": [group]} if group else None
    working = {"class": group} if group else None
    people.register(user_id=user_id, change=Change(True, groups, True, working), now=builders.NOW)


def test_an_upgrade_draw_is_every_dialect_s_draw() -> None:
    experiment = _running()
    names = [f"student{number}" for number in range(30)]
    for name in names:
        _learn(name)

    given = [_arm(experiment, name) for name in names]

    assert given == [_assigned(experiment, name) for name in names]
    assert set(given) == {"control", "treatment"}


def test_somebody_unknown_is_drawn_all_the_same() -> None:
    experiment = _running()
    before = _arm(experiment, "student1")

    _learn("student1")

    assert before == _arm(experiment, "student1") is not None


def test_a_class_mate_gets_the_arm_of_the_class_and_who_has_none_gets_nothing() -> None:
    experiment = _running(design=BY_CLASS)
    for name, group in (("ada", "c1"), ("ben", "c1"), ("cid", None)):
        _learn(name, group)

    assert _arm(experiment, "ada") == _arm(experiment, "ben") == _assigned(experiment, "ada") is not None
    assert _arm(experiment, "cid") is None


def test_a_chosen_arm_is_answered_in_spite_of_the_draw() -> None:
    experiment = _running()
    _learn("ada")
    other = experiment.variations.exclude(key=_arm(experiment, "ada")).get()

    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id="ada",
        variation_id=other.pk,
        method=Assignment.Method.CLIENT,
        now=builders.NOW,
    )

    assert _arm(experiment, "ada") == _assigned(experiment, "ada") == other.key


def test_remembering_the_drawn_arm_asks_for_no_look_up() -> None:
    experiment = _running()
    _learn("ada")
    drawn = experiment.variations.get(key=_arm(experiment, "ada"))

    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id="ada",
        variation_id=drawn.pk,
        method=Assignment.Method.DRAW,
        now=builders.NOW,
    )

    experiment.refresh_from_db()
    assert not experiment.remembers_other_arms


def test_within_subjects_nobody_has_one_arm() -> None:
    experiment = _running(design={"unit": "within_subjects", "consistency": ""})
    _learn("ada")

    assert _arm(experiment, "ada") is None


def test_a_paused_experiment_answers_those_who_are_in_only() -> None:
    experiment = _running()
    _learn("ada")
    arm = experiment.variations.get(key=_arm(experiment, "ada"))
    Assignment.objects.create(experiment=experiment, variation=arm, unit_id="ada", assigned_at=builders.NOW)

    lifecycle.change_status(experiment=experiment, to="paused", now=builders.NOW)

    assert (_arm(experiment, "ada"), _arm(experiment, "ben")) == (arm.key, None)
