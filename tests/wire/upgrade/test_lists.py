"""Include and exclude lists in both modes, nested segments, and the global exclude (upgrade contract §3.1-3.2)."""

from typing import Any

import pytest

from decisions import lifecycle
from experiments.models import Design, Experiment, Segment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, Exclusion

pytestmark = pytest.mark.django_db

Status = Experiment.Status
ALL_IN, ALL_OUT = Design.FilterMode.INCLUDE_ALL, Design.FilterMode.EXCLUDE_ALL

MINE: dict[str, Any] = {"users": ["student1"]}
GROUP: dict[str, Any] = {"groups": [("teacher", "1")]}
NOBODY: dict[str, Any] = {}

FIRST_MATCH_WINS = [
    # filter mode, include list, exclude list, whether student1 of teacher 1 is in
    (ALL_IN, NOBODY, NOBODY, True),
    (ALL_IN, NOBODY, MINE, False),
    (ALL_IN, MINE, MINE, False),
    (ALL_IN, MINE, GROUP, True),
    (ALL_IN, NOBODY, GROUP, False),
    (ALL_IN, GROUP, GROUP, False),
    (ALL_OUT, NOBODY, NOBODY, False),
    (ALL_OUT, MINE, NOBODY, True),
    (ALL_OUT, MINE, MINE, False),
    (ALL_OUT, MINE, GROUP, True),
    (ALL_OUT, GROUP, NOBODY, True),
    (ALL_OUT, GROUP, GROUP, False),
    (ALL_OUT, GROUP, MINE, False),
]


def _run(experiment: Experiment) -> Experiment:
    return lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)


def _is_in(school: School, number: int = 1) -> bool:
    return base.P1 in school.codes(f"student{number}")


@pytest.mark.parametrize(("mode", "included", "excluded", "expected"), FIRST_MATCH_WINS)
def test_the_first_match_decides(
    school: School, mode: str, included: dict[str, Any], excluded: dict[str, Any], expected: bool
) -> None:
    base.everybody(school, 1)
    experiment = base.design(project=builders.project(), design={**base.I_I, "filter_mode": mode})
    builders.listed(experiment=experiment, mode="include", **included)
    builders.listed(experiment=experiment, mode="exclude", **excluded)

    _run(experiment)

    assert _is_in(school) is expected


def test_lists_go_by_every_membership_not_by_the_working_group(school: School) -> None:
    school.init("student1", group={"teacher": ["1", "2"]}, workingGroup={"teacher": "1"})
    experiment = base.design(project=builders.project())
    builders.listed(experiment=experiment, mode="exclude", groups=[("teacher", "2")])

    _run(experiment)

    assert not _is_in(school)


def test_a_group_of_another_type_with_the_same_id_is_not_meant(school: School) -> None:
    school.init("student1", group={"teacher": ["1"], "class": ["2"]}, workingGroup={"teacher": "1"})
    experiment = base.design(project=builders.project())
    builders.listed(experiment=experiment, mode="exclude", groups=[("class", "1"), ("teacher", "2")])

    _run(experiment)

    assert _is_in(school)


def test_segments_in_segments_count_and_rings_end(school: School) -> None:
    base.everybody(school, 1, 2, 3)
    experiment = base.design(project=builders.project())
    inner = builders.segment(project=experiment.project, name="inner")
    outer = builders.segment(project=experiment.project, name="outer")
    outer.children.add(inner)
    inner.children.add(outer)
    builders.members(segment=inner, users=["student1"], groups=[("teacher", "2")])
    builders.listed(experiment=experiment, mode="exclude", children=[outer])

    _run(experiment)

    assert [_is_in(school, number) for number in (1, 2, 3)] == [False, True, False]


def test_who_is_listed_later_is_out_at_once(school: School) -> None:
    base.everybody(school, 1)
    experiment = base.design(project=builders.project())
    listed = builders.listed(experiment=experiment, mode="exclude")
    _run(experiment)
    assert _is_in(school)

    builders.members(segment=listed, users=["student1"])

    assert not _is_in(school)


@pytest.mark.parametrize("mode", [ALL_IN, ALL_OUT])
def test_who_is_in_a_group_experiment_of_individual_consistency_stays_in(school: School, mode: str) -> None:
    base.everybody(school, 1)
    experiment = base.design(project=builders.project(), design=base.G_I)
    _run(experiment)
    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)
    builders.listed(experiment=experiment, mode="exclude", users=["student1"])
    Design.objects.update(filter_mode=mode)
    lifecycle.publish(project=experiment.project, now=builders.NOW)

    assert _is_in(school)
    school.mark("student1", *base.P2, "ConditionA", experiment=experiment.uid)
    assert not Exclusion.objects.exists()


def test_a_listed_person_who_marks_is_kept_out_for_good(school: School) -> None:
    base.everybody(school, 1)
    experiment = base.design(project=builders.project())
    builders.listed(experiment=experiment, mode="exclude", users=["student1"])
    _run(experiment)

    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)

    assert [(row.unit_id, row.code) for row in Exclusion.objects.all()] == [
        ("student1", "participant_on_exclusion_list")
    ]
    assert not Assignment.objects.exists()


def test_who_is_not_on_the_include_list_is_kept_out_by_a_mark(school: School) -> None:
    base.everybody(school, 1)
    experiment = base.design(project=builders.project(), design={**base.I_I, "filter_mode": ALL_OUT})
    _run(experiment)

    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)

    assert Exclusion.objects.get().code == "participant_on_exclusion_list"


def test_a_listed_group_of_the_experiment_s_type_is_kept_out_and_only_here(school: School) -> None:
    base.everybody(school, 1, 2)
    project = builders.project()
    one = _run(base.design(project=project, design=base.G_G))
    other = _run(base.design(project=project, uid=base.SECOND, design=base.G_G, points=[("elsewhere", "W1")]))
    for site, target, experiment in ((*base.P1, one), ("elsewhere", "W1", other)):
        school.mark("student2", site, target, "ConditionA", experiment=experiment.uid)
    builders.listed(experiment=one, mode="exclude", groups=[("teacher", "1")])
    lifecycle.publish(project=project, now=builders.NOW)

    school.mark("student1", *base.P1, "ConditionA", experiment=one.uid)

    codes = {(row.unit_type, row.unit_id): row.code for row in Exclusion.objects.all()}
    assert codes == {
        ("user", "student1"): "participant_on_exclusion_list",
        ("teacher", "1"): "group_on_exclusion_list",
    }
    live = Assignment.objects.filter(unit_type="teacher", ended_at__isnull=True)
    assert [row.experiment_id for row in live] == [other.pk]


def test_a_listed_group_of_another_type_keeps_the_working_group_out(school: School) -> None:
    school.init("student1", group={"teacher": ["1"], "school": ["s"]}, workingGroup={"teacher": "1"})
    experiment = base.design(project=builders.project(), design=base.G_G)
    builders.listed(experiment=experiment, mode="exclude", groups=[("school", "s")])
    _run(experiment)

    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)

    codes = {(row.unit_type, row.unit_id): row.code for row in Exclusion.objects.all()}
    assert codes == {
        ("user", "student1"): "participant_on_exclusion_list",
        ("teacher", "1"): "excluded_due_to_group_logic",
    }


@pytest.mark.parametrize("working", [None, {}])
def test_a_listed_group_and_no_working_group_is_no_fault(school: School, working: Any) -> None:
    school.init("student1", group={"school": ["s"]}, workingGroup=working)
    experiment = base.design(project=builders.project())
    builders.listed(experiment=experiment, mode="exclude", groups=[("school", "s")])
    _run(experiment)

    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)

    assert Exclusion.objects.get().code == "participant_on_exclusion_list"


def _global(experiment: Experiment, **who: Any) -> None:
    exclude = builders.segment(project=experiment.project, name="nobody", kind=Segment.Kind.GLOBAL_EXCLUDE)
    builders.members(segment=exclude, **who)


def test_who_is_globally_excluded_is_given_nothing_and_enrolled_nowhere(school: School) -> None:
    base.everybody(school, 1, 2)
    experiment = base.design(project=builders.project())
    _global(experiment, users=["student1"])
    _run(experiment)

    school.mark("student1", *base.P1, "ConditionA", experiment=experiment.uid)

    assert school.assign("student1") == []
    assert _is_in(school, 2)
    assert not Exclusion.objects.exists()
    assert not Assignment.objects.exists()


def test_the_global_exclude_goes_by_the_working_group(school: School) -> None:
    school.init("works", group={"teacher": ["1", "2"]}, workingGroup={"teacher": "1"})
    school.init("belongs", group={"teacher": ["1", "2"]}, workingGroup={"teacher": "2"})
    school.init("nowhere")
    experiment = base.design(project=builders.project())
    _global(experiment, groups=[("teacher", "1")])
    _run(experiment)

    assert [bool(school.assign(name)) for name in ("works", "belongs", "nowhere")] == [False, True, True]
