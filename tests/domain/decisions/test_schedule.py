"""The calendar: a scheduled experiment starts, a running one ends, each once and only if it is still due."""

from datetime import timedelta

import pytest

from decisions import lifecycle
from decisions.clock import schedule
from experiments.models import Experiment, StatusChange
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db

Status = Experiment.Status
HOUR = timedelta(hours=1)


def _status(experiment: Experiment) -> str:
    experiment.refresh_from_db()
    return experiment.status


def test_a_scheduled_experiment_starts_at_its_instant_and_not_before() -> None:
    experiment = builders.experiment(project=builders.project(), status=Status.SCHEDULED, starts_at=NOW)

    schedule.follow(now=NOW - timedelta(microseconds=1))
    before = _status(experiment)
    schedule.follow(now=NOW)

    assert (before, _status(experiment)) == (Status.SCHEDULED, Status.RUNNING)
    assert experiment.last_activated_at == NOW
    assert StatusChange.objects.get().changed_by == "schedule"


def test_a_running_experiment_ends_at_its_instant_and_not_before() -> None:
    experiment = builders.running(project=builders.project(), ends_at=NOW + HOUR)

    schedule.follow(now=NOW)
    before = _status(experiment)
    schedule.follow(now=NOW + HOUR)

    assert (before, _status(experiment)) == (Status.RUNNING, Status.COMPLETED)


def test_with_decision_points_it_is_paused_at_its_end() -> None:
    experiment = builders.running(project=builders.project(), points=[("site", "target")], ends_at=NOW + HOUR)

    schedule.follow(now=NOW + HOUR)

    assert _status(experiment) == Status.PAUSED


def test_following_twice_changes_nothing_more() -> None:
    builders.experiment(project=builders.project(), status=Status.SCHEDULED, starts_at=NOW)

    schedule.follow(now=NOW)
    schedule.follow(now=NOW + HOUR)

    assert StatusChange.objects.count() == 1


def test_an_experiment_whose_time_passed_unnoticed_is_completed_without_starting() -> None:
    experiment = builders.experiment(
        project=builders.project(), status=Status.SCHEDULED, starts_at=NOW - 2 * HOUR, ends_at=NOW - HOUR
    )

    schedule.follow(now=NOW)

    assert _status(experiment) == Status.COMPLETED
    assert [change.to_status for change in StatusChange.objects.all()] == [Status.COMPLETED]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.INACTIVE, Status.PAUSED, Status.COMPLETED, Status.ARCHIVED])
def test_an_experiment_that_is_neither_scheduled_nor_running_is_left_alone(status: str) -> None:
    experiment = builders.experiment(
        project=builders.project(), status=status, starts_at=NOW - HOUR, ends_at=NOW - HOUR
    )

    schedule.follow(now=NOW)

    assert _status(experiment) == status


def test_one_that_cannot_run_becomes_inactive_and_does_not_hold_up_the_next() -> None:
    project = builders.project()
    empty = builders.experiment(
        project=project, key="empty", weights={"a": 0, "b": 0}, status=Status.SCHEDULED, starts_at=NOW
    )
    good = builders.experiment(project=project, key="good", status=Status.SCHEDULED, starts_at=NOW)

    schedule.follow(now=NOW)

    assert (_status(empty), _status(good)) == (Status.INACTIVE, Status.RUNNING)


def test_a_started_experiment_decides_at_once() -> None:
    project = builders.project()
    experiment = builders.experiment(project=project, status=Status.SCHEDULED, starts_at=NOW)
    lifecycle.publish(project=project, now=NOW - HOUR)
    revision = type(project).objects.get().revision

    schedule.follow(now=NOW)

    assert type(project).objects.get().revision == revision + 1
    assert _status(experiment) == Status.RUNNING
