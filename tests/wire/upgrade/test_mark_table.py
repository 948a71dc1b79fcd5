"""Which rows a mark writes, line by line of the contract's table (upgrade contract §4, improved as §12 says)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisions import lifecycle
from decisions.clock import schedule
from events.models import Exposure
from experiments.models import Design, Experiment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, Exclusion, ForcedAssignment, PointMark, PreviewUser, StratumValue

pytestmark = pytest.mark.django_db

Status = Experiment.Status

ALGORITHM = "participant enrolled via algorithm"
THROUGH_GROUP = "participant enrolled due to group enrollment"


def _run(design: Mapping[str, Any], **fields: Any) -> Experiment:
    experiment = base.design(project=builders.project(), design=design, **fields)
    return lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)


def _pause(experiment: Experiment) -> None:
    lifecycle.change_status(experiment=experiment, to=Status.PAUSED, now=builders.NOW)


def _enrolled() -> set[tuple[str, str]]:
    return {(row.unit_type, row.unit_id) for row in Assignment.objects.filter(ended_at__isnull=True)}


def _excluded() -> dict[tuple[str, str], str]:
    return {(row.unit_type, row.unit_id): row.code for row in Exclusion.objects.all()}


def _mark(school: School, number: int, point: tuple[str, str] = base.P1, **fields: Any) -> dict[str, Any]:
    return school.mark(f"student{number}", *point, "ConditionA", experiment=base.BASE, **fields)


def test_the_first_of_a_group_enrols_it_and_the_next_come_through_it(school: School) -> None:
    base.everybody(school, 1, 2)
    _run(base.G_G)

    first, second = _mark(school, 1), _mark(school, 2)

    assert _enrolled() == {("teacher", "1"), ("user", "student1"), ("user", "student2")}
    assert (first["enrollmentCode"], second["enrollmentCode"]) == (ALGORITHM, THROUGH_GROUP)


def test_a_group_keeps_its_arm_when_weights_move(school: School) -> None:
    base.everybody(school, 1, 2)
    experiment = _run(base.G_G)
    _mark(school, 1)
    experiment.variations.filter(key="ConditionA").update(weight="1")
    experiment.variations.filter(key="ConditionB").update(weight="0")
    lifecycle.publish(project=experiment.project, now=builders.NOW)

    assert school.codes("student2")[base.P1] == "ConditionB"
    _mark(school, 2)
    assert {row.variation and row.variation.key for row in Assignment.objects.all()} == {"ConditionB"}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (7, "no_group_specified"),
        (8, "no_group_specified"),
        (9, "no_group_specified"),
        (10, "no_group_specified"),
        (11, "no_group_specified"),
        (12, "invalid_group_or_working_group"),
    ],
)
@pytest.mark.parametrize("design", [base.G_G, base.G_I])
def test_without_a_valid_group_a_mark_excludes(
    school: School, number: int, code: str, design: Mapping[str, Any]
) -> None:
    base.everybody(school, number)
    _run(design)

    _mark(school, number)

    assert _excluded() == {("user", f"student{number}"): code}
    assert _enrolled() == set()


@pytest.mark.parametrize("number", [7, 8, 9, 10, 11, 12])
def test_under_consistency_experiment_a_missing_group_excludes_nobody(school: School, number: int) -> None:
    base.everybody(school, number)
    _run(base.G_E)

    _mark(school, number)

    assert _excluded() == {}


def test_a_member_of_an_excluded_group_is_excluded_by_group_logic(school: School) -> None:
    base.everybody(school, 1, 2)
    experiment = base.design(project=builders.project(), design=base.G_G, exclude_if_reached=True)
    _mark(school, 1)
    lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)

    _mark(school, 2)

    assert _excluded() == {
        ("user", "student1"): "reached_prior",
        ("teacher", "1"): "reached_prior",
        ("user", "student2"): "excluded_due_to_group_logic",
    }


def test_who_comes_after_the_end_is_excluded(school: School) -> None:
    base.everybody(school, 1)
    _pause(_run(base.I_I))

    _mark(school, 1)

    assert _excluded() == {("user", "student1"): "reached_after"}


def test_a_group_that_comes_after_the_end_is_excluded(school: School) -> None:
    base.everybody(school, 1)
    _pause(_run(base.G_G))

    _mark(school, 1)

    assert _excluded() == {("user", "student1"): "reached_after", ("teacher", "1"): "reached_after"}


def test_a_class_mate_who_comes_after_the_end_is_in_through_the_group(school: School) -> None:
    base.everybody(school, 1, 2)
    experiment = _run(base.G_G)
    _mark(school, 1)
    _pause(experiment)

    _mark(school, 2)

    assert _excluded() == {}
    assert school.codes("student2")[base.P1] == "ConditionB"


def test_under_consistency_experiment_nobody_comes_too_late(school: School) -> None:
    base.everybody(school, 1)
    _pause(_run(base.I_E))

    _mark(school, 1)

    assert _excluded() == {}


def test_a_second_point_after_the_end_takes_nothing_away(school: School) -> None:
    base.everybody(school, 1)
    experiment = _run(base.I_I)
    _mark(school, 1)
    _pause(experiment)

    _mark(school, 1, base.P2)

    assert _excluded() == {}
    assert set(school.codes("student1").values()) == {"ConditionB"}


@pytest.mark.parametrize(("rule", "kept"), [("continue", "ConditionB"), ("assign", "ConditionA")])
def test_an_end_by_date_leaves_what_the_post_rule_says(school: School, rule: str, kept: str) -> None:
    base.everybody(school, 1, 2)
    ends_at = datetime.now(UTC) + timedelta(days=1)
    experiment = _run(base.I_I, ends_at=ends_at)
    fallback = experiment.variations.get(key="ConditionA") if rule == "assign" else None
    Design.objects.update(post_rule=rule, fallback=fallback)
    _mark(school, 1)
    Experiment.objects.update(ends_at=ends_at - timedelta(days=2))

    schedule.follow(now=ends_at)
    _mark(school, 2)

    assert set(school.codes("student1").values()) == {kept}
    assert school.codes("student2") == {}
    assert _excluded() == {("user", "student2"): "reached_after"}


def test_a_second_point_after_weights_moved_gives_no_second_condition(school: School) -> None:
    base.everybody(school, 1)
    experiment = _run(base.I_I)
    _mark(school, 1)
    experiment.variations.filter(key="ConditionA").update(weight="1")
    lifecycle.publish(project=experiment.project, now=builders.NOW)

    _mark(school, 1, base.P2)

    assert [row.variation and row.variation.key for row in Assignment.objects.all()] == ["ConditionB"]
    assert {met.variation_key for met in Exposure.objects.all()} == {"ConditionB"}


def test_after_an_end_that_assigns_one_condition_nobody_s_arm_changes(school: School) -> None:
    base.everybody(school, 1)
    experiment = _run(base.I_E)
    _mark(school, 1)
    Design.objects.update(post_rule="assign", fallback=experiment.variations.get(key="ConditionA"))
    _pause(experiment)

    _mark(school, 1, base.P2)

    assert [row.variation and row.variation.key for row in Assignment.objects.all()] == ["ConditionB"]
    assert set(school.codes("student1").values()) == {"ConditionA"}


@pytest.mark.parametrize("status", ["condition applied", "no condition assigned", None])
def test_every_other_status_enrols(school: School, status: str | None) -> None:
    base.everybody(school, 1)
    _run(base.I_I)

    _mark(school, 1, status=status)

    assert _enrolled() == {("user", "student1")}


def test_without_an_experiment_id_nobody_enters_a_second_experiment_of_a_pool(school: School) -> None:
    """The three form one pool; who is given the last is given nothing at the first point."""
    project = builders.project()
    for uid, points in ((base.BASE, [base.P1]), (base.SECOND, [base.P1, base.P2]), (base.THIRD, [base.P2])):
        experiment = base.design(project=project, uid=uid, points=points)
        lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)

    for number in range(1, 13):
        user = f"student{number}"
        school.init(user)
        before = school.assign(user)
        for point in (base.P1, base.P2):
            school.mark(user, *point)
        assert school.assign(user) == before
    assert Assignment.objects.count() == 12


def test_without_an_experiment_id_mark_agrees_with_assign_at_shared_points(school: School) -> None:
    project = builders.project()
    for uid in (base.SECOND, base.THIRD, base.FOURTH):
        experiment = base.design(project=project, uid=uid, points=[base.P1])
        lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)

    for number in range(1, 13):
        school.init(f"student{number}")
        (given,) = school.assign(f"student{number}")
        marked = school.mark(f"student{number}", *base.P1, given["assignedCondition"][0]["conditionCode"])
        assert marked["experimentId"] == given["assignedCondition"][0]["experimentId"]


def _preview(school: School, *, forced: str | None = None) -> Experiment:
    school.init("student1")
    experiment = base.design(project=builders.project())
    previewer = PreviewUser.objects.create(project=experiment.project, external_id="student1")
    if forced:
        arm = experiment.variations.get(key=forced)
        ForcedAssignment.objects.create(preview_user=previewer, experiment=experiment, variation=arm)
    return lifecycle.change_status(experiment=experiment, to=Status.PREVIEW, now=builders.NOW)


def test_only_preview_users_see_a_preview_and_nothing_of_it_counts(school: School) -> None:
    _preview(school)
    school.init("student2")

    assert school.codes("student1")[base.P1] == "ConditionB"
    assert school.assign("student2") == []
    _mark(school, 1)
    assert (PointMark.objects.count(), Assignment.objects.count(), Exposure.objects.count()) == (1, 0, 0)


def test_a_forced_condition_is_what_a_preview_user_sees(school: School) -> None:
    _preview(school, forced="ConditionA")

    assert school.codes("student1")[base.P1] == "ConditionA"


def test_a_preview_user_is_not_counted_in_a_running_experiment_either(school: School) -> None:
    experiment = _preview(school)
    lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)

    _mark(school, 1)

    assert _enrolled() == set()


STRATIFIED = {"unit": "individual", "consistency": "", "algorithm": "stratified", "stratification_factor": "level"}


def _in_stratum(school: School, user: str, value: str) -> None:
    from users.models import ExperimentUser

    school.init(user)
    StratumValue.objects.create(user=ExperimentUser.objects.get(external_id=user), factor="level", value=value)


def test_strata_fill_evenly(school: School) -> None:
    _run(STRATIFIED, weights={"A": "0.5", "B": "0.5"}, points=[base.P1])
    counts: dict[tuple[str, str], int] = {}
    for number in range(60):
        user, stratum = f"student{number}", "low" if number % 3 else "high"
        _in_stratum(school, user, stratum)
        shown = school.codes(user)[base.P1]
        school.mark(user, *base.P1, shown)
        counts[stratum, shown] = counts.get((stratum, shown), 0) + 1

    assert abs(counts["low", "A"] - counts["low", "B"]) <= 4
    assert abs(counts["high", "A"] - counts["high", "B"]) <= 4


def test_a_stratified_mark_keeps_what_was_shown(school: School) -> None:
    """Others come in between being shown and marking, so the draw by counts would differ by then."""
    _run(STRATIFIED, weights={"A": "0.5", "B": "0.5"}, points=[base.P1])
    users = [f"student{number}" for number in range(30)]
    for user in users:
        _in_stratum(school, user, "one")
    shown = {user: school.codes(user)[base.P1] for user in users}

    for user in users:
        school.mark(user, *base.P1, shown[user])

    assert {user: school.codes(user)[base.P1] for user in users} == shown


def test_an_adaptive_experiment_gives_nothing(school: School) -> None:
    base.everybody(school, 1)
    _run({**base.I_I, "algorithm": "adaptive"})

    assert school.assign("student1") == []
