"""While the database is away: what was found before, else the draw; a mark is kept and stored later (design §3)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection

from decisions import lifecycle, snapshots
from decisions.drawing import recalling
from decisions.schools import reporting
from events.models import Exposure, Quarantine
from experiments.models import Experiment, Segment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import Assignment, PointMark, RepeatedMark

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_found_yet(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path, connections_stay_open: None
) -> None:
    monkeypatch.setattr(recalling, "_standings", {})
    monkeypatch.setattr(recalling, "_away_until", 0.0)
    settings.VAR_DIR = tmp_path


@pytest.fixture
def outage(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Within it every statement fails; answers the statements that were tried."""

    @contextmanager
    def away() -> Iterator[list[str]]:
        tried: list[str] = []

        def refuse(execute: Any, sql: str, *_: Any) -> None:
            tried.append(sql)
            raise OperationalError("the database is away")

        snapshots.current()
        settings.INLINE_SNAPSHOTS = False
        with connection.execute_wrapper(refuse):
            yield tried
        settings.INLINE_SNAPSHOTS = True
        monkeypatch.setattr(recalling, "_away_until", 0.0)

    return away


INTERNAL = {"name": "internal", "match": "exists"}
Outage = Callable[[], AbstractContextManager[list[str]]]


def _run(design: Any = base.I_I, **fields: Any) -> Experiment:
    experiment = base.design(project=builders.project(), design=design, **fields)
    return lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)


def test_a_learner_seen_before_keeps_the_condition(school: School, outage: Outage) -> None:
    experiment = _run()
    school.init("student1")
    school.mark("student1", *base.P1, "ConditionB", experiment=experiment.uid)
    experiment.variations.filter(key="ConditionA").update(weight="1")
    lifecycle.publish(project=experiment.project, now=builders.NOW)
    assert school.codes("student1")[base.P1] == "ConditionB"

    with outage():
        assert school.codes("student1")[base.P1] == "ConditionB"


def test_a_group_seen_before_keeps_the_condition(school: School, outage: Outage) -> None:
    _run(base.G_G)
    base.everybody(school, 1, 5)
    before = {number: school.codes(f"student{number}") for number in (1, 5)}

    with outage():
        assert {number: school.codes(f"student{number}") for number in (1, 5)} == before


def test_a_learner_never_seen_is_drawn(school: School, outage: Outage) -> None:
    _run()

    with outage():
        given = [school.codes(f"student{number}")[base.P1][-1] for number in range(1, 13)]

    assert "".join(given) == "BABBBBBBABBB"


def test_nobody_is_let_in_by_a_guess(school: School, outage: Outage) -> None:
    """Of a learner never seen it is not known whether a list names them, nor which class is theirs."""
    project = builders.project()
    grouped = base.design(project=project, uid=base.SECOND, design=base.G_G, points=[("s", "group")])
    listed = base.design(project=project, uid=base.THIRD, points=[("s", "list")])
    builders.listed(experiment=listed, mode="exclude", users=["somebody"])
    for experiment in (grouped, listed):
        builders.started(experiment)

    with outage():
        assert school.assign("student1") == []


@pytest.mark.parametrize(("rule", "lets_in"), [(["not", INTERNAL], True), (INTERNAL, False)])
def test_a_rule_is_read_as_for_anybody_without_attributes(
    school: School, outage: Outage, rule: Any, lets_in: bool
) -> None:
    """Who is not known to be listed in the audience is let in by its rule or not at all, as when they are not."""
    experiment = _run()
    audience = builders.segment(project=experiment.project, rule=rule)
    builders.members(segment=audience, users=["somebody"])
    Experiment.objects.filter(pk=experiment.pk).update(audience=audience)
    builders.republished(experiment.project)
    school.init("student2")

    with outage():
        unseen = school.codes("student1")

    assert (base.P1 in unseen, base.P1 in school.codes("student2")) == (lets_in, lets_in)


def test_a_list_of_nobody_keeps_nobody_out(school: School, outage: Outage) -> None:
    experiment = _run()
    builders.listed(experiment=experiment, mode="exclude", users=[])
    builders.republished(experiment.project)

    with outage():
        assert base.P1 in school.codes("student1")


def test_where_somebody_is_excluded_everywhere_nobody_unseen_is_given_anything(school: School, outage: Outage) -> None:
    experiment = _run()
    everywhere = builders.segment(project=experiment.project, kind=Segment.Kind.GLOBAL_EXCLUDE)
    builders.members(segment=everywhere, users=["somebody"])
    builders.republished(experiment.project)

    with outage():
        assert school.assign("student1") == []


def test_an_empty_list_of_the_excluded_keeps_nobody_out(school: School, outage: Outage) -> None:
    """UpGrade wants the list in every context; most stay empty."""
    experiment = _run()
    inner = builders.segment(project=experiment.project)
    everywhere = builders.segment(project=experiment.project, kind=Segment.Kind.GLOBAL_EXCLUDE)
    everywhere.children.add(inner)
    builders.republished(experiment.project)

    with outage():
        unseen = school.codes("student1")
    builders.members(segment=inner, users=["somebody"])
    builders.republished(experiment.project)
    with outage():
        assert school.assign("student1") == []
    assert base.P1 in unseen


def test_the_database_is_not_asked_by_every_request(school: School, outage: Outage) -> None:
    _run()

    with outage() as tried:
        for number in range(20):
            school.assign(f"student{number}")

    assert len(tried) == 1


def test_flags_without_lists_stay_on(school: School, outage: Outage) -> None:
    project = builders.project()
    builders.flag(project=project, key="PLAIN", is_running=True)
    listed = builders.flag(project=project, key="LISTED", is_running=True)
    listed.lists.create(mode="exclude", segment=builders.segment(project=project))
    builders.republished(project)
    session = {"groupsForSession": {"class": ["1"]}}
    bodies: list[dict[str, Any]] = [
        {},
        {**session, "includeStoredUserGroups": False},
        {**session, "includeStoredUserGroups": True},
    ]

    def flags() -> list[list[str]]:
        asked = [school.send("POST", "featureflag", "student1", {"context": "home", **body}) for body in bodies]
        return [sorted(answer.json()) for answer in asked]

    school.init("student1")
    assert flags() == [["LISTED", "PLAIN"]] * 3
    recalling._standings.clear()

    with outage():
        assert flags() == [["PLAIN"]] * 3


def test_a_mark_is_kept_and_stored_when_the_database_is_back(school: School, outage: Outage) -> None:
    experiment = _run()
    base.everybody(school, 1, 2)

    with outage():
        shown = school.codes("student1")[base.P1]
        told = school.mark("student1", *base.P1, shown, experiment=experiment.uid)
    assert not PointMark.objects.exists()
    stored = reporting.store_waiting()

    assert stored == 1
    assert (told["condition"], told["userId"], told["experimentId"]) == (shown, "student1", str(experiment.uid))
    mark = PointMark.objects.get()
    assert (str(mark.uid), mark.condition, mark.experiment_uid) == (told["id"], shown, str(experiment.uid))
    assert Assignment.objects.get().variation == experiment.variations.get(key=shown)
    assert Exposure.objects.get().user_id == "student1"
    assert list(reporting.waiting().iterdir()) == []


def test_nobody_else_reads_a_mark_that_waits(school: School, outage: Outage) -> None:
    base.everybody(school, 1)

    with outage():
        school.mark("student1", "site", "target", "condition")

    (file,) = reporting.waiting().iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_marks_are_stored_in_their_order(school: School, outage: Outage) -> None:
    base.everybody(school, 1)
    with outage():
        for condition in ("first", "second"):
            school.mark("student1", "unknown site", "t", condition)

    reporting.store_waiting()

    assert PointMark.objects.get().condition == "first"


def test_a_mark_is_stored_once_however_often_that_is_tried(school: School, outage: Outage) -> None:
    """A process may die after storing a mark and before its file is gone."""
    _run({"unit": "within_subjects", "consistency": "", "condition_order": "random"})
    school.init("student1")
    with outage():
        school.mark("student1", *base.P1, "ConditionA")
    (file,) = reporting.waiting().iterdir()
    content = file.read_bytes()

    for _ in range(2):
        file.write_bytes(content)
        reporting.store_waiting()

    assert RepeatedMark.objects.count() == 1


def test_a_mark_of_nobody_is_kept_aside_and_holds_up_no_other(school: School, outage: Outage) -> None:
    _run()
    school.init("student1")
    with outage():
        school.mark("ghost", *base.P1, "ConditionA")
        school.mark("student1", *base.P1, "ConditionA")
    (reporting.waiting() / "00000000000000000001-broken.mark").write_bytes(b"{")

    reporting.store_waiting()

    assert [mark.user.external_id for mark in PointMark.objects.all()] == ["student1"]
    assert "ghost" in orjson.dumps(Quarantine.objects.get().payload).decode()
    assert [path.suffix for path in reporting.waiting().iterdir()] == [".stuck"]


def test_a_wrong_mark_is_refused_at_once(school: School, outage: Outage) -> None:
    experiment = _run()

    with outage():
        unknown = school.try_mark("student1", *base.P1, "Nothing", experiment=experiment.uid)
        nowhere = school.try_mark("student1", *base.P1, "ConditionA", context="nowhere")

    assert (unknown.status_code, nowhere.status_code) == (404, 400)
    assert not reporting.waiting().exists()


def test_where_the_disk_takes_nothing_a_mark_is_not_acknowledged(
    school: School, outage: Outage, settings: LazySettings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("in the way")

    with outage():
        response = school.try_mark("student1", *base.P1, "ConditionA")

    assert (response.status_code, response["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    ("verb", "route", "body"),
    [
        ("POST", "init", {}),
        ("PATCH", "workinggroup", {"workingGroup": {}}),
        ("PATCH", "groupmembership", {"group": {}}),
        ("PATCH", "useraliases", {"aliases": ["a"]}),
        ("POST", "log", {"value": []}),
    ],
)
def test_what_must_be_stored_is_not_acknowledged(
    school: School, outage: Outage, verb: str, route: str, body: Any
) -> None:
    with outage():
        response = school.send(verb, route, "student1", body)

    assert (response.status_code, response.json()["errorCode"], response["Retry-After"]) == (503, 503, "1")
