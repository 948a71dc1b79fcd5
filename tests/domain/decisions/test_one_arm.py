"""One person, one arm: what is remembered wins, the draw decides the rest, and nothing is read without need."""

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from decisions import deciding, lifecycle, snapshots
from decisions.compile import Arm, Snapshot
from decisions.engine import Subject
from experiments.models import Experiment, Variation
from tests import builders
from users.models import Assignment, ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


def _arm(experiment: Experiment, user_id: str) -> Arm | None:
    snapshot = _snapshot(experiment)
    return deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(user_id, {}))


def _snapshot(experiment: Experiment) -> Snapshot:
    return snapshots.for_project(experiment.project_id)


def _remember(experiment: Experiment, user_id: str, variation_id: int) -> Assignment:
    stored, _ = deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=user_id,
        variation_id=variation_id,
        method=Assignment.Method.CLIENT,
        now=builders.NOW,
    )
    return stored


def _other(experiment: Experiment, arm: Arm) -> Variation:
    return experiment.variations.exclude(pk=arm.id).get()


def test_remembering_the_drawn_arm_costs_no_later_read() -> None:
    experiment = builders.running(project=builders.project())
    drawn = _arm(experiment, "ada")
    assert drawn is not None

    _remember(experiment, "ada", drawn.id)

    assert not _snapshot(experiment).reads


def test_an_arm_chosen_against_the_draw_is_answered_from_then_on() -> None:
    experiment = builders.running(project=builders.project())
    drawn = _arm(experiment, "ada")
    assert drawn is not None
    other = _other(experiment, drawn)

    _remember(experiment, "ada", other.pk)

    now_given = _arm(experiment, "ada")
    assert now_given is not None and now_given.id == other.pk


def test_the_first_remembered_arm_wins() -> None:
    experiment = builders.running(project=builders.project())
    first, second = experiment.variations.all()

    _remember(experiment, "ada", first.pk)
    stored = _remember(experiment, "ada", second.pk)

    assert stored.variation_id == first.pk
    assert Assignment.objects.count() == 1


def test_another_id_of_the_same_person_gets_the_same_arm() -> None:
    experiment = builders.running(project=builders.project())
    drawn = _arm(experiment, "ada")
    assert drawn is not None
    other = _other(experiment, drawn)
    ada = ExperimentUser.objects.create(external_id="ada")
    UserAlias.objects.create(alias="ada@example.org", user=ada)
    snapshots.announce(project_ids=[experiment.project_id])

    _remember(experiment, "ada@example.org", other.pk)

    for name in ("ada", "ada@example.org"):
        given = _arm(experiment, name)
        assert given is not None and given.id == other.pk


def test_an_alias_is_drawn_as_the_person() -> None:
    experiment = builders.running(project=builders.project())
    ada = ExperimentUser.objects.create(external_id="ada")
    for number in range(20):
        UserAlias.objects.create(alias=f"ada-{number}", user=ada)
    snapshots.announce(project_ids=[experiment.project_id])

    arms = [_arm(experiment, f"ada-{number}") for number in range(20)]

    assert arms == [_arm(experiment, "ada")] * 20


def test_new_weights_move_nobody_who_was_remembered() -> None:
    experiment = builders.running(project=builders.project())
    before = {}
    for number in range(30):
        arm = _arm(experiment, f"user{number}")
        assert arm is not None
        before[f"user{number}"] = arm.id
        _remember(experiment, f"user{number}", arm.id)
    experiment.variations.filter(key="control").update(weight="0.1")
    experiment.variations.filter(key="treatment").update(weight="0.9")

    lifecycle.publish(project=experiment.project, now=builders.NOW)

    after = {name: _arm(experiment, name) for name in before}
    assert {name: arm.id for name, arm in after.items() if arm} == before


def test_an_edit_counts_only_once_it_is_published() -> None:
    experiment = builders.running(project=builders.project())
    experiment.variations.filter(key="control").update(weight="1")
    experiment.variations.filter(key="treatment").update(weight="0")
    users = [f"user{number}" for number in range(50)]
    snapshots.announce(project_ids=[experiment.project_id])

    saved = {arm.key for arm in (_arm(experiment, name) for name in users) if arm}
    lifecycle.publish(project=experiment.project, now=builders.NOW)
    published = {arm.key for arm in (_arm(experiment, name) for name in users) if arm}

    assert saved == {"control", "treatment"}
    assert published == {"control"}


def test_a_pure_experiment_is_decided_without_a_query(
    django_assert_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    experiment = builders.running(project=builders.project())
    snapshot = _snapshot(experiment)
    settings.INLINE_SNAPSHOTS = False

    with django_assert_num_queries(0):
        deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject("ada", {}))


def test_remembered_arms_are_read_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    experiment = builders.running(project=builders.project())
    drawn = _arm(experiment, "ada")
    assert drawn is not None
    _remember(experiment, "ada", _other(experiment, drawn).pk)
    snapshot = _snapshot(experiment)
    settings.INLINE_SNAPSHOTS = False

    with django_assert_num_queries(1):
        deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject("ada", {}))
