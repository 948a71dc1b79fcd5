"""A database that is away stops no decision: what was found before answers, else the draw."""

from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, OperationalError

from decisions import deciding, snapshots
from decisions.drawing import beyond, recalling
from decisions.engine import Subject
from experiments.models import Experiment
from tests import builders
from users import assignments, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def reads_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Make every read of remembered arms fail from now on; answers whom was asked for."""
    monkeypatch.setattr(recalling, "_found", {})
    monkeypatch.setattr(recalling, "_away_until", 0.0)
    asked: list[str] = []

    def fail(*, user_id: str, experiment_ids: object) -> None:
        asked.append(user_id)
        raise DatabaseError("away")

    def begin() -> list[str]:
        monkeypatch.setattr(assignments, "of_user", fail)
        monkeypatch.setattr(recalling, "close_old_connections", lambda: None)
        return asked

    yield begin


def _chosen_against_the_draw(experiment: Experiment, user_id: str) -> int:
    snapshot = snapshots.for_project(experiment.project_id)
    drawn = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))
    assert drawn is not None
    other: int = experiment.variations.exclude(pk=drawn.id).get().pk
    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=user_id,
        variation_id=other,
        method="client",
        now=builders.NOW,
    )
    return other


def _arm_id(experiment: Experiment, user_id: str) -> int | None:
    snapshot = snapshots.for_project(experiment.project_id)
    arm = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))
    return None if arm is None else arm.id


def test_a_person_met_before_keeps_the_remembered_arm(reads_fail: Callable[[], list[str]]) -> None:
    experiment = builders.running(project=builders.project())
    other = _chosen_against_the_draw(experiment, "ada")
    assert _arm_id(experiment, "ada") == other

    reads_fail()

    assert _arm_id(experiment, "ada") == other


def test_a_person_never_met_is_drawn(reads_fail: Callable[[], list[str]]) -> None:
    experiment = builders.running(project=builders.project())
    _chosen_against_the_draw(experiment, "ada")
    before = _arm_id(experiment, "bob")

    reads_fail()

    assert _arm_id(experiment, "bob") == before


def test_a_database_that_is_away_is_not_asked_by_every_decision(reads_fail: Callable[[], list[str]]) -> None:
    experiment = builders.running(project=builders.project())
    _chosen_against_the_draw(experiment, "ada")

    asked = reads_fail()
    for number in range(50):
        _arm_id(experiment, f"user{number}")

    assert len(asked) == 1


def test_what_hangs_on_the_database_is_unknown_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of experiments beyond datafiles only a draw that needs nothing else is known, and nobody waits to hear so."""
    project = builders.project()
    drawn = builders.experiment(project=project, key="drawn", bucketing="seedrandom")
    grouped = builders.experiment(project=project, key="grouped", design={"unit": "group", "group_type": "class"})
    builders.flag(project=project, rules=[drawn, grouped])
    builders.started(drawn)
    builders.started(grouped)
    snapshot = snapshots.for_project(project.pk)
    before = beyond.arms_of(snapshot, snapshot.experiments.values(), Subject("ada", {}))
    asked: list[str] = []

    def fail(*, user_id: str, needs: object) -> None:
        asked.append(user_id)
        raise OperationalError("away")

    monkeypatch.setattr(recalling, "_standings", {})
    monkeypatch.setattr(recalling, "_away_until", 0.0)
    monkeypatch.setattr(recalling, "close_old_connections", lambda: None)
    monkeypatch.setattr(standing, "look_up", fail)
    without = [beyond.arms_of(snapshot, snapshot.experiments.values(), Subject("ada", {})) for _ in range(3)]

    assert without == [before] * 3
    assert before[grouped.datafile_id] == beyond.UNKNOWN != before[drawn.datafile_id]
    assert asked == ["ada"]
