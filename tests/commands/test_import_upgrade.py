"""import_upgrade and export_upgrade: designs come in with their ids and go out as they came (upgrade contract §13)."""

import json
from functools import reduce
from io import StringIO
from operator import getitem
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from decisions.designs import reading
from experiments.models import Design, Experiment, Project, Segment, Variation
from tests.wire.upgrade.client import School
from users.models import Assignment

pytestmark = pytest.mark.django_db

DESIGNS = Path(__file__).parents[1] / "contracts" / "data" / "upgrade_designs"
SAMPLES = sorted(DESIGNS.glob("*.json"))
BASE = "be3ae74f-370a-4015-93f3-7761d16f8b17"


def _import(*files: Path, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_upgrade", *map(str, files), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def _design(sample: str, /, **changes: Any) -> dict[str, Any]:
    return {**json.loads((DESIGNS / f"{sample}.json").read_text()), **changes}


def _file(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "design.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_design_goes_out_as_it_came_in(sample: Path) -> None:
    _import(sample)
    before, out = json.loads(sample.read_text()), StringIO()

    call_command("export_upgrade", before["id"], stdout=out)

    assert json.loads(out.getvalue()) == before


def test_contexts_become_projects_and_the_id_is_kept() -> None:
    out, _ = _import(DESIGNS / "factorial.json", DESIGNS / "group_with_lists.json")

    assert sorted(Project.objects.values_list("key", flat=True)) == ["div", "home"]
    made = Experiment.objects.get(name="Color by shape")
    assert (str(made.uid), made.bucketing, made.status) == (
        "edf54471-5266-4a52-a058-90fac2d03678",
        "seedrandom",
        "inactive",
    )
    assert "project div: made" in out


def test_ids_that_two_designs_share_are_given_to_one() -> None:
    _, err = _import(DESIGNS / "factorial.json", DESIGNS / "group_with_lists.json")

    assert Variation.objects.count() == 4
    assert "00000000-0000-4000-8000-000000000100 is taken" in err


def test_a_zip_of_designs_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "designs.zip"
    with ZipFile(archive, "w") as file:
        for name in ("factorial", "group_with_lists"):
            file.write(DESIGNS / f"{name}.json", f"{name}.json")

    _import(archive)

    assert Experiment.objects.count() == 2


def test_a_dry_run_says_everything_and_stores_nothing() -> None:
    out, err = _import(DESIGNS / "group_with_lists.json", dry_run=True)

    assert "Second, by class" in out
    assert "dry run" in err
    assert not Project.objects.exists()
    assert not Experiment.objects.exists()


def test_one_design_that_fails_keeps_all_out(tmp_path: Path) -> None:
    broken = _file(tmp_path, _design("with_metrics", group="class"))

    with pytest.raises(CommandError, match="Third with metrics"):
        _import(DESIGNS / "factorial.json", broken)

    assert not Experiment.objects.exists()
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"assignmentUnit": "individual", "group": "class"}, "does not assign groups"),
        ({"assignmentUnit": "group", "group": None}, "names no group type"),
        ({"assignmentUnit": "group", "group": ""}, "names no group type"),
        ({"assignmentUnit": "nobody"}, "it can be individual, group, within-subjects"),
        ({"context": []}, "names no context"),
        ({"conditions": []}, "no conditions"),
        ({"state": "asleep"}, "state is 'asleep'"),
        ({"revertTo": BASE}, "no condition of it"),
        ({"startOn": "tomorrow"}, "is no time"),
        ({"id": "x"}, "Invalid UUID"),
        ({"partitions": [{"id": BASE, "site": "s", "order": 1}, {"id": BASE, "site": "s", "order": 2}]}, "twice"),
    ],
)
def test_a_design_without_sense_is_refused_in_words(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    design = {**_design("with_metrics"), "conditionPayloads": [], **changes}

    with pytest.raises(CommandError, match=sentence):
        _import(_file(tmp_path, design))

    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        ("individual_with_payloads", ("description",), "NUL \0"),
        ("individual_with_payloads", ("partitions",), []),
        ("individual_with_payloads", ("enrollmentCompleteCondition",), {"userCount": -1}),
        ("individual_with_payloads", ("enrollmentCompleteCondition",), {"userCount": 2**31}),
        ("individual_with_payloads", ("conditionPayloads", 0, "payload", "type"), "picture"),
        ("factorial", ("factors", 0, "name"), "x" * 256),
        ("factorial", ("factors", 0, "levels", 0, "name"), "x" * 256),
        ("group_with_lists", ("experimentSegmentExclusion", 0, "segment", "listType"), "x" * 65),
        ("with_metrics", ("queries", 0, "query", "operationType"), "guess"),
        ("with_metrics", ("queries", 0, "name"), "x" * 256),
        ("with_metrics", ("queries", 0, "metric", "key"), "x" * 256),
    ],
)
def test_what_no_table_can_hold_is_refused(tmp_path: Path, sample: str, path: tuple[Any, ...], value: Any) -> None:
    design = _design(sample)
    *way, last = path
    reduce(getitem, way, design)[last] = value

    with pytest.raises(CommandError):
        _import(_file(tmp_path, design))

    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("sample", "path", "sentence"),
    [
        ("individual_with_payloads", ("conditionPayloads",), "the payload of .* is there twice"),
        ("factorial", ("conditions", 0, "levelCombinationElements"), "the combined level .* is there twice"),
        ("group_with_lists", ("experimentSegmentInclusion",), "the list .* is there twice"),
    ],
)
def test_a_part_that_is_there_twice_is_refused(
    tmp_path: Path, sample: str, path: tuple[Any, ...], sentence: str
) -> None:
    design = _design(sample)
    parts: Any = reduce(getitem, path, design)
    parts.append({**parts[0], "id": "8b0e562a-029e-4680-836c-7de6b2ef6ac9"})

    with pytest.raises(CommandError, match=sentence):
        _import(_file(tmp_path, design))


def test_an_ending_at_nobody_is_none(tmp_path: Path) -> None:
    _import(_file(tmp_path, _design("group_with_lists", enrollmentCompleteCondition={"userCount": 0, "groupCount": 2})))

    assert list(Design.objects.values_list("ending_user_count", "ending_group_count")) == [(None, 2)]


@pytest.mark.parametrize("code", ["default", "Default"])
def test_no_condition_is_called_default(tmp_path: Path, code: str) -> None:
    design = _design("with_metrics")
    design["conditions"][0]["conditionCode"] = code

    with pytest.raises(CommandError, match="cannot be called"):
        _import(_file(tmp_path, design))


@pytest.mark.parametrize("content", ["{", "5", "[5]", '{"name": "x"}'])
def test_a_file_that_is_no_design_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "design.json"
    path.write_text(content)

    with pytest.raises(CommandError):
        _import(path)


def test_several_contexts_are_noted(tmp_path: Path) -> None:
    _, err = _import(_file(tmp_path, _design("with_metrics", context=["home", "add"])))

    assert "several contexts" in err
    assert list(Project.objects.values_list("key", flat=True)) == ["home"]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2027-01-31T09:00:00.000Z", "2027-01-31T09:00:00+00:00"),
        ("2027-01-31T09:00:00+01:00", "2027-01-31T08:00:00+00:00"),
        ("2027-01-31", "2027-01-31T00:00:00+00:00"),
    ],
)
def test_dates_are_instants(tmp_path: Path, text: str, iso: str) -> None:
    _import(_file(tmp_path, _design("factorial", startOn=text)))

    starts_at = Experiment.objects.get().starts_at
    assert starts_at is not None and starts_at.isoformat() == iso


@pytest.mark.parametrize(("written", "asked"), [("enrolling", ""), ("scheduled", "running")])
def test_what_runs_is_given_whatever_its_dates_say(tmp_path: Path, written: str, asked: str) -> None:
    dates = {"startOn": "2999-01-01T00:00:00Z", "endOn": "2001-01-01T00:00:00Z"}
    school = School(Client())
    school.init("student1")

    _, err = _import(_file(tmp_path, _design("factorial", state=written, **dates)), state=asked)

    assert school.assign("student1", "div") != []
    assert ("before its start" in err, "after its end" in err) == (True, True)


@pytest.mark.parametrize("text", ["tomorrow", "9999-12-31T23:59:00-14:00"])
def test_dates_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match="endOn is no time"):
        _import(_file(tmp_path, _design("factorial", endOn=text)))


def _zip(tmp_path: Path, content: bytes, *, compression: int = ZIP_STORED) -> bytes:
    path = tmp_path / "made.zip"
    with ZipFile(path, "w", compression) as archive:
        archive.writestr("design.json", content)
    return path.read_bytes()


def _with_password(archive: bytes) -> bytes:
    """The same with the mark of encryption on its entry."""
    local, central = archive.index(b"PK\x03\x04") + 6, archive.index(b"PK\x01\x02") + 8
    return bytes(byte | (index in (local, central)) for index, byte in enumerate(archive))


@pytest.mark.parametrize("fault", ["inside another", "with a password", "cut", "damaged", "too large"])
def test_a_zip_that_cannot_be_read_is_refused(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _zip(tmp_path, json.dumps(_design("factorial")).encode(), compression=ZIP_DEFLATED)
    if fault == "too large":
        monkeypatch.setattr(reading, "LARGEST_ARCHIVE", 100)
    content = {
        "inside another": _zip(tmp_path, archive),
        "with a password": _with_password(archive),
        "cut": archive[:-30],
        "damaged": archive[:60] + b"\xff" * 20 + archive[80:],
        "too large": archive,
    }[fault]
    path = tmp_path / "designs.zip"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=r"designs\.zip"):
        _import(path)

    assert not Experiment.objects.exists()


@pytest.mark.parametrize("state", ["running", "enrolling", "paused", "enrollmentComplete", "preview", "scheduled"])
def test_every_state_can_be_asked_for(state: str) -> None:
    _import(DESIGNS / "factorial.json", state=state)

    names = {"enrolling": "running", "enrollmentComplete": "paused"}
    assert Experiment.objects.get().status == names.get(state, state)


def test_an_experiment_is_found_by_id_key_or_name() -> None:
    _import(DESIGNS / "factorial.json")
    uid = str(Experiment.objects.get().uid)

    for name, status in ((uid.upper(), "running"), ("Color by shape", "paused"), (uid, "running")):
        call_command("set_status", name, status, stdout=StringIO())
        assert Experiment.objects.get().status == status

    with pytest.raises(CommandError, match="experiment not found: nothing"):
        call_command("set_status", "nothing", "running")


def test_older_files_with_one_list_and_with_nulls_are_understood(tmp_path: Path) -> None:
    design = _design("group_with_lists", tags=None)
    (included,) = design["experimentSegmentInclusion"][:1]
    included["segment"]["subSegments"] = None
    changed = {**design, "experimentSegmentInclusion": included, "experimentSegmentExclusion": {}}

    _import(_file(tmp_path, changed))

    experiment = Experiment.objects.get(uid=design["id"])
    assert [entry.mode for entry in experiment.lists.all()] == ["include"]
    assert experiment.tags == []


def test_older_names_are_understood(tmp_path: Path) -> None:
    design = _design("individual_with_payloads")
    for point in design["partitions"]:
        point["expPoint"], point["expId"] = point.pop("site"), point.pop("target")
    point, condition = design["partitions"][0], design["conditions"][0]
    alias = {"id": BASE, "aliasName": "first", "parentCondition": condition, "decisionPoint": point}
    design["conditionAliases"] = [alias]
    del design["conditionPayloads"]

    _import(_file(tmp_path, design), state="running")

    school = School(Client())
    school.init("student2")
    payloads = {item["target"]: item["assignedCondition"][0]["payload"] for item in school.assign("student2")}
    assert payloads == {"W1": {"type": "string", "value": "first"}, "W2": None, None: None}


def test_an_experiment_that_is_here_is_only_replaced_when_asked() -> None:
    _import(DESIGNS / "with_metrics.json")

    with pytest.raises(CommandError, match="ask for its design to be replaced"):
        _import(DESIGNS / "with_metrics.json")


def test_an_update_replaces_the_design_and_keeps_who_was_given_what(tmp_path: Path) -> None:
    _import(DESIGNS / "individual_with_payloads.json", state="running")
    school = School(Client())
    school.init("student1")
    school.mark("student1", "CurriculumSequence", "W1", "ConditionB", experiment=BASE)
    design = _design("individual_with_payloads", name="Renamed")
    design["conditions"][0]["assignmentWeight"], design["conditions"][1]["assignmentWeight"] = 100, 0
    design["partitions"] = design["partitions"][:1]
    design["conditionPayloads"] = []

    _import(_file(tmp_path, design), update=True)

    experiment = Experiment.objects.get()
    assert (experiment.name, experiment.status, experiment.points.count()) == ("Renamed", "running", 1)
    assert Assignment.objects.count() == 1
    assert school.codes("student1") == {("CurriculumSequence", "W1"): "ConditionB"}
    school.init("student3")
    assert school.codes("student3") == {("CurriculumSequence", "W1"): "ConditionA"}


def test_a_condition_somebody_has_cannot_be_taken_out(tmp_path: Path) -> None:
    _import(DESIGNS / "with_metrics.json", state="running")
    school = School(Client())
    school.init("student3")
    school.mark("student3", "CurriculumSequence3", "W1", "ConditionB")
    design = _design("with_metrics")
    design["conditions"] = design["conditions"][:1]

    with pytest.raises(CommandError, match="ConditionB was given to somebody"):
        _import(_file(tmp_path, design), update=True)

    assert Variation.objects.count() == 2


def test_lists_come_along() -> None:
    _import(DESIGNS / "group_with_lists.json", state="running")
    school = School(Client())
    for user, group in (("student1", "c1"), ("student2", "c3"), ("student9", "c1")):
        school.init(user, group={"class": [group]}, workingGroup={"class": group})

    assert [len(school.assign(user)) for user in ("student1", "student2", "student9")] == [2, 0, 0]


def test_a_segment_that_is_missing_gets_a_place(tmp_path: Path) -> None:
    design = _design("group_with_lists")
    design["experimentSegmentExclusion"][0]["segment"]["subSegments"] = [{"id": BASE, "name": "pilot"}]

    _, err = _import(_file(tmp_path, design))

    assert "the segment pilot is not here" in err
    assert str(Segment.objects.get(name="pilot").uid) == BASE


def test_a_running_design_comes_as_running_and_excludes_nobody(tmp_path: Path) -> None:
    school = School(Client())
    school.init("student1")
    school.mark("student1", "CurriculumSequence", "W1", "ConditionA")
    design = _design("individual_with_payloads", state="enrolling")
    design["partitions"][0]["excludeIfReached"] = True

    _import(_file(tmp_path, design))

    assert Experiment.objects.get().status == "running"
    assert school.codes("student1")["CurriculumSequence", "W1"] == "ConditionB"


def test_set_status_walks_the_life_cycle() -> None:
    _import(DESIGNS / "with_metrics.json")
    experiment, out = Experiment.objects.get(), StringIO()

    call_command("set_status", str(experiment.uid), "enrolling", stdout=out)
    call_command("set_status", experiment.key, "paused", post_rule="assign", fallback="ConditionA", stdout=out)

    experiment.refresh_from_db()
    assert experiment.status == "paused"
    fallback = experiment.design.fallback
    assert (experiment.design.post_rule, fallback and fallback.key) == ("assign", "ConditionA")
    assert "Third with metrics is running" in out.getvalue()


@pytest.mark.parametrize(
    ("name", "status", "options", "sentence"),
    [
        ("nothing", "running", {}, "not found"),
        (None, "paused", {}, "cannot become"),
        (None, "running", {"post_rule": "assign", "fallback": "ConditionX"}, "no variation ConditionX"),
    ],
)
def test_set_status_refuses_in_words(name: str | None, status: str, options: dict[str, Any], sentence: str) -> None:
    _import(DESIGNS / "with_metrics.json")
    experiment = Experiment.objects.get()

    with pytest.raises(CommandError, match=sentence):
        call_command("set_status", name or experiment.key, status, **options)

    experiment.refresh_from_db()
    assert (experiment.status, experiment.design.post_rule) == ("inactive", "continue")
