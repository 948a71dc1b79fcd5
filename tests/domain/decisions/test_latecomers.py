"""An arm that was being remembered while a publication moved the draw is found a moment later, and answered."""

from datetime import timedelta

import pytest

from decisions import deciding, lifecycle, snapshots
from decisions.clock import latecomers
from decisions.engine import Subject
from experiments.models import Experiment
from tests import builders
from users import assignments
from users.assignments import Unit
from users.models import Assignment

pytestmark = pytest.mark.django_db

SOON = builders.NOW + timedelta(seconds=15)


def _arm(experiment: Experiment, user_id: str) -> int:
    snapshot = snapshots.for_project(experiment.project_id)
    given = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))
    assert given is not None
    return given.id


def _publish_without(experiment: Experiment, variation_id: int) -> None:
    experiment.variations.update(weight="1")
    experiment.variations.filter(pk=variation_id).update(weight="0")
    lifecycle.publish(project=experiment.project, now=builders.NOW)


def _commit_an_arm(experiment: Experiment, user_id: str, variation_id: int) -> None:
    """What a transaction that began before the publication commits after it."""
    assignments.remember(
        experiment_id=experiment.pk,
        unit=Unit(user_id),
        variation_id=variation_id,
        method=Assignment.Method.DRAW,
        now=builders.NOW,
    )


def test_an_arm_committed_just_after_a_change_of_weights_is_kept() -> None:
    experiment = builders.running(project=builders.project())
    given = _arm(experiment, "ada")
    _publish_without(experiment, given)
    _commit_an_arm(experiment, "ada", given)
    moved = _arm(experiment, "ada")

    latecomers.note(now=SOON)

    assert moved != given
    assert _arm(experiment, "ada") == given


def test_arms_that_equal_the_new_draw_cost_no_later_read() -> None:
    experiment = builders.running(project=builders.project())
    _publish_without(experiment, _arm(experiment, "ada"))
    _commit_an_arm(experiment, "ada", _arm(experiment, "ada"))

    latecomers.note(now=SOON)

    assert not snapshots.for_project(experiment.project_id).reads
