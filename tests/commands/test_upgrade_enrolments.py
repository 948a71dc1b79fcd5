"""import_upgrade_enrolments and export_enrolments: who was given what moves along (upgrade contract §7, §13)."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from decisions import lifecycle
from decisions.enrolments.layout import COLUMNS
from events.models import Metric, MetricQuery
from experiments.models import Design, Experiment, Payload
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, ExperimentUser, PointMark, RepeatedMark

pytestmark = pytest.mark.django_db

W1, W2 = base.P1, base.P2


@pytest.fixture
def school() -> School:
    return School(Client())


def _line(user: str, condition: str, point: tuple[str, str] = W1, **cells: str) -> dict[str, str]:
    return {
        **dict.fromkeys(COLUMNS, "NA"),
        "ExperimentId": str(base.BASE),
        "UserId": user,
        "Site": point[0],
        "Target": point[1],
        "ConditionName": condition,
        "MarkExperimentPointTime": "2026-10-01T10:00:00.000Z",
        "EnrollmentCode": "participant enrolled via algorithm",
        **cells,
    }


def _import(tmp_path: Path, *lines: dict[str, str], **options: Any) -> tuple[str, str]:
    path, out, err = tmp_path / "export.csv", StringIO(), StringIO()
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    call_command("import_upgrade_enrolments", str(path), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def _export(*experiments: Experiment) -> list[dict[str, str]]:
    out = StringIO()
    call_command("export_enrolments", *(str(each.uid) for each in experiments), stdout=out)
    return list(csv.DictReader(StringIO(out.getvalue())))


def _running(**fields: Any) -> Experiment:
    experiment = base.design(project=builders.project(), **fields)
    return lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)


def test_every_learner_keeps_the_condition(school: School, tmp_path: Path) -> None:
    """student1 draws B and was given A, student2 draws A and was given B."""
    _running()

    out, _ = _import(tmp_path, _line("student1", "ConditionA"), _line("student2", "ConditionB", W2))

    assert "2 new enrolments" in out
    school.init("student1")
    school.init("student2")
    assert set(school.codes("student1").values()) == {"ConditionA"}
    assert set(school.codes("student2").values()) == {"ConditionB"}
    marked = school.mark("student1", *W1, "ConditionB", experiment=base.BASE)
    assert (marked["condition"], marked["experimentId"]) == ("ConditionA", str(base.BASE))


def test_groups_keep_theirs_and_their_members_know_them(school: School, tmp_path: Path) -> None:
    _running(design=base.G_G)
    through = {"GroupId": "1", "EnrollmentCode": "participant enrolled due to group enrollment"}

    _import(
        tmp_path,
        _line("student2", "ConditionA", W1, **{"MarkExperimentPointTime": "2026-10-02T10:00:00Z", **through}),
        _line("student1", "ConditionA", GroupId="1", MarkExperimentPointTime="2026-10-01T10:00:00Z"),
    )

    base.everybody(school, 3)
    school.move("student3", "teacher", "1")
    assert {school.codes(f"student{number}")[W1] for number in (1, 2, 3)} == {"ConditionA"}
    told = {row.unit_id: row.method for row in Assignment.objects.filter(unit_type="user")}
    assert told == {"student1": "import", "student2": "group"}


def test_who_changed_class_between_experiments_is_in_the_last_one(school: School, tmp_path: Path) -> None:
    """So that the client's own word of that class is no move, which would end the arm."""
    first = _running(design=base.G_G)
    second = base.design(project=first.project, uid=base.SECOND, design=base.G_G, points=[("other", "place")])
    lifecycle.change_status(experiment=second, to="running", now=builders.NOW)
    later = {"ExperimentId": str(base.SECOND), "MarkExperimentPointTime": "2026-10-02T10:00:00Z"}

    _import(
        tmp_path,
        _line("student1", "ConditionA", ("other", "place"), GroupId="2", **later),
        _line("student1", "ConditionA", GroupId="1"),
    )
    school.init("student1", group={"teacher": ["2"]}, workingGroup={"teacher": "2"})

    assert not Assignment.objects.filter(ended_at__isnull=False).exists()


def test_a_learner_named_by_an_alias_keeps_the_condition(school: School, tmp_path: Path) -> None:
    """student1 draws B and was given A under another id."""
    _running()
    school.init("student1")
    school.send("PATCH", "useraliases", "student1", {"aliases": ["pupil1"]})

    out, _ = _import(tmp_path, _line("pupil1", "ConditionA"))

    assert "0 people were unknown" in out
    assert set(school.codes("student1").values()) == {"ConditionA"}
    assert school.mark("pupil1", *W1, experiment=base.BASE)["condition"] == "ConditionA"


def test_a_learner_may_be_called_as_what_is_missing(school: School, tmp_path: Path) -> None:
    _running()

    _import(tmp_path, _line("NA", "ConditionB"))

    assert set(school.codes("NA").values()) == {"ConditionB"}


def test_an_import_repeated_changes_nothing(tmp_path: Path) -> None:
    _running()
    lines = [_line("student1", "ConditionA"), _line("student1", "ConditionA", W2)]
    _import(tmp_path, *lines)

    out, err = _import(tmp_path, *lines)

    assert "2 lines: 0 new enrolments of people, 0 of groups, 0 new marks" in out
    assert "note" not in err
    assert (Assignment.objects.count(), PointMark.objects.count()) == (1, 2)


def test_a_second_condition_of_one_person_is_told_and_not_stored(tmp_path: Path) -> None:
    _running()

    _, err = _import(
        tmp_path,
        _line("student1", "ConditionB", W2, MarkExperimentPointTime="2026-10-03T10:00:00Z"),
        _line("student1", "ConditionA", W1, MarkExperimentPointTime="2026-10-01T10:00:00Z"),
    )

    assert "student1 has ConditionA already, not ConditionB" in err
    assert [row.variation and row.variation.key for row in Assignment.objects.all()] == ["ConditionA"]


def test_what_is_here_already_stands(school: School, tmp_path: Path) -> None:
    _running()
    school.init("student1")
    school.mark("student1", *W1, "ConditionB", experiment=base.BASE)

    _, err = _import(tmp_path, _line("student1", "ConditionA", W2))

    assert "another condition" in err
    assert set(school.codes("student1").values()) == {"ConditionB"}


def test_within_subjects_marks_are_counted_once(school: School, tmp_path: Path) -> None:
    _running(design={"unit": "within_subjects", "consistency": "", "condition_order": "ordered_round_robin"})
    lines = [_line("student1", "ConditionA"), _line("student1", "ConditionB"), _line("student1", "ConditionA")]

    _import(tmp_path, *lines)
    _import(tmp_path, *lines)

    assert RepeatedMark.objects.count() == 3
    assert school.codes("student1")[W1] == "ConditionB"
    assert Assignment.objects.get().variation is None


def test_a_dry_run_stores_nothing(tmp_path: Path) -> None:
    _running()

    out, err = _import(tmp_path, _line("student1", "ConditionA"), dry_run=True)

    assert ("1 new enrolments" in out, "dry run" in err) == (True, True)
    assert not ExperimentUser.objects.exists()
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (_line("student2", "ConditionX"), "line 3: .* has no condition 'ConditionX'"),
        (_line("student2", "ConditionA", ExperimentId=str(base.SECOND)), "line 3: there is no experiment"),
        (_line("student2", "ConditionA", ExperimentId="x"), "line 3: there is no experiment x"),
        (_line("", "ConditionA"), "line 3 names no user"),
        (_line("x" * 300, "ConditionA"), "line 3: .* longer than 255"),
        (_line("student2", "ConditionA", MarkExperimentPointTime="soon"), "line 3"),
        (_line("student2", "ConditionA", MarkExperimentPointTime="0001-01-01T00:00:00+14:00"), "line 3"),
    ],
)
def test_one_bad_line_keeps_all_out(tmp_path: Path, line: dict[str, str], sentence: str) -> None:
    _running()

    with pytest.raises(CommandError, match=sentence):
        _import(tmp_path, _line("student1", "ConditionA"), line)

    assert not Assignment.objects.exists()
    assert not ExperimentUser.objects.exists()


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(CommandError, match="no column ExperimentId"):
        call_command("import_upgrade_enrolments", str(path))


def test_an_export_has_the_columns_and_one_row_per_person_and_point(school: School) -> None:
    experiment = base.design(project=builders.project(), exclude_if_reached=True)
    arm = experiment.variations.get(key="ConditionB")
    Payload.objects.create(variation=arm, decision_point=experiment.points.get(target="W2"), value="blue")
    lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)
    school.init("student1")
    for point in (W1, W2):
        school.mark("student1", *point, "ConditionB", experiment=base.BASE)

    first, second = _export(experiment)

    assert list(first) == list(COLUMNS)
    assert {name: first[name] for name in COLUMNS if name != "MarkExperimentPointTime"} == {
        "ExperimentId": str(base.BASE),
        "ExperimentName": str(base.BASE),
        "UserId": "student1",
        "AppContext": "home",
        "UnitOfAssignment": "individual",
        "GroupType": "NA",
        "GroupId": "NA",
        "ConsistencyRule": "individual",
        "ConditionOrder": "NA",
        "DesignType": "Simple",
        "AlgorithmType": "random",
        "Stratification": "NA",
        "Site": "CurriculumSequence",
        "Target": "W1",
        "ExcludeifReached": "TRUE",
        "ConditionName": "ConditionB",
        "Payload": "ConditionB",
        "PostRule": "Continue",
        "EnrollmentStartDate": "2026-11-01T12:00:00+00:00",
        "EnrollmentCompleteDate": "NA",
        "EnrollmentCode": "participant enrolled via algorithm",
    }
    assert (second["Target"], second["Payload"]) == ("W2", "blue")


def test_a_value_of_zero_is_exported_as_zero(school: School) -> None:
    experiment = _running()
    metric = Metric.objects.create(project=experiment.project, key="area@__@figures@__@score")
    MetricQuery.objects.create(experiment=experiment, metric=metric, operation="sum")
    grouped = [{"groupClass": "area", "groupKey": "figures", "groupUniquifier": "1", "attributes": {"score": 0}}]
    for user in ("student1", "student2"):
        school.init(user)
        school.mark(user, *W1, "ConditionB", experiment=base.BASE)
    entry = {"timestamp": "2026-11-01T10:00:00Z", "metrics": {"groupedMetrics": grouped}}
    school.send("POST", "log", "student1", {"value": [entry]})

    exported = {row["UserId"]: row["area->figures->score"] for row in _export(experiment)}

    assert exported == {"student1": "0", "student2": ""}


@pytest.mark.parametrize("design", [base.I_I, {"unit": "within_subjects", "condition_order": "ordered_round_robin"}])
def test_who_marked_a_point_before_is_exported_at_it(school: School, design: dict[str, Any]) -> None:
    first = _running(design=design)
    school.init("student1")
    school.mark("student1", *W1, "ConditionB", experiment=base.BASE)
    lifecycle.change_status(experiment=first, to="completed", now=builders.NOW)
    second = base.design(project=first.project, uid=base.SECOND, design=design)
    lifecycle.change_status(experiment=second, to="running", now=builders.NOW)
    for point in (W2, W1):
        school.mark("student1", *point, "ConditionA", experiment=base.SECOND)

    rows = _export(second)

    assert sorted((row["Site"], row["Target"]) for row in rows) == [W1, W2]
    assert "NA" not in {row["MarkExperimentPointTime"] for row in rows}
    assert [row["Target"] for row in _export(first)] == ["W1"]


def test_within_subjects_one_row_is_one_mark(school: School) -> None:
    experiment = _running(design={"unit": "within_subjects", "consistency": "", "condition_order": "random"})
    school.init("student1")
    for number, code in enumerate(("ConditionA", "ConditionB", "ConditionA")):
        school.mark("student1", *W1, code, uniquifier=str(number))

    rows = _export(experiment)

    assert [row["ConditionName"] for row in rows] == ["ConditionA", "ConditionB", "ConditionA"]
    assert {row["ConsistencyRule"] for row in rows} == {"NA"}


def test_the_fallback_is_told_as_the_post_rule(school: School) -> None:
    experiment = _running()
    school.init("student1")
    school.mark("student1", *W1, "ConditionB", experiment=base.BASE)
    Design.objects.update(post_rule="assign", fallback=experiment.variations.get(key="ConditionA"))

    assert _export(experiment)[0]["PostRule"] == "Assign: ConditionA"


def test_an_experiment_without_enrolments_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    call_command("export_enrolments", str(_running().uid), output=str(path))

    assert path.read_text() == ",".join(COLUMNS) + "\n"


def test_what_was_exported_can_be_imported(school: School, tmp_path: Path) -> None:
    experiment = _running(design=base.G_G)
    base.everybody(school, 1, 2, 5)
    for number in (1, 2, 5):
        school.mark(f"student{number}", *W1, "ConditionA", experiment=base.BASE)
    rows = _export(experiment)
    before = {number: school.codes(f"student{number}") for number in (1, 2, 5)}
    Assignment.objects.all().delete()
    ExperimentUser.objects.all().delete()

    _import(tmp_path, *rows)

    assert {number: school.codes(f"student{number}") for number in (1, 2, 5)} == before
    assert Assignment.objects.filter(unit_type="teacher").count() == 2


def test_no_spreadsheet_calculates_with_what_a_learner_is_called(school: School, tmp_path: Path) -> None:
    experiment = _running()
    names = ["=1+1", "-2", "@x", "plain"]
    _import(tmp_path, *(_line(name, "ConditionA") for name in names))

    lines = _export(experiment)
    Assignment.objects.all().delete()
    _import(tmp_path, *lines)

    assert [line["UserId"] for line in lines] == ["'=1+1", "'-2", "'@x", "plain"]
    assert sorted(Assignment.objects.values_list("unit_id", flat=True)) == sorted(names)


@pytest.mark.parametrize("command", ["export_enrolments", "export_upgrade"])
def test_a_file_that_cannot_be_written_is_told_plainly(command: str, tmp_path: Path) -> None:
    experiment = _running()

    with pytest.raises(CommandError, match="Cannot write"):
        call_command(command, str(experiment.uid), output=str(tmp_path / "nowhere" / "file"))
