"""featureflag: which flags are on for a person, with stored, session or both groups (upgrade contract §6)."""

from datetime import date
from typing import Any

import pytest

from decisions import lifecycle
from events.models import Exposure
from experiments.models import ExperimentList, Project, Segment
from features.models import Flag, FlagList
from tests import builders
from tests.wire.upgrade.client import School

pytestmark = pytest.mark.django_db

IN, OUT = ExperimentList.Mode.INCLUDE, ExperimentList.Mode.EXCLUDE


def _list(flag: Flag, mode: str, *, enabled: bool = True, **who: Any) -> Segment:
    segment = builders.segment(project=flag.project, name=f"{flag.key} {mode}")
    FlagList.objects.create(flag=flag, segment=segment, mode=mode, enabled=enabled)
    return builders.members(segment=segment, **who)


def _publish(project: Project) -> None:
    lifecycle.publish(project=project, now=builders.NOW)


def _keys(school: School, user: str = "u1", **body: Any) -> list[str]:
    response = school.send("POST", "featureflag", user, {"context": "home", **body})
    assert response.status_code == 200, response.content
    keys: list[str] = response.json()
    return keys


def _class_flag(mode: str = "exclude_all") -> Project:
    """On for class c1 only."""
    project = builders.project()
    flag = builders.flag(project=project, key="HINTS", filter_mode=mode)
    _list(flag, IN, groups=[("class", "c1")])
    _publish(project)
    return project


@pytest.mark.parametrize("version", [5, 6])
def test_the_keys_of_the_flags_that_are_on(school: School, version: int) -> None:
    project = builders.project()
    builders.flag(project=project, key="ON")
    builders.flag(project=project, key="OFF", is_running=False)
    builders.flag(project=project, key="ARCHIVED", is_archived=True)
    builders.flag(project=project, key="OVER", ends_on=date(2020, 1, 1))
    builders.flag(project=builders.project(key="other"), key="ELSEWHERE")
    _publish(project)
    school.version = version
    school.init("u1")

    assert _keys(school) == ["ON"]


def test_only_enabled_lists_count(school: School) -> None:
    project = builders.project()
    _list(builders.flag(project=project, key="A"), OUT, users=["u1"])
    _list(builders.flag(project=project, key="B"), OUT, users=["u1"], enabled=False)
    _list(builders.flag(project=project, key="C", filter_mode="exclude_all"), IN, users=["u1"])
    _list(builders.flag(project=project, key="D", filter_mode="exclude_all"), IN, users=["u1"], enabled=False)
    _publish(project)
    school.init("u1")

    assert _keys(school) == ["B", "C"]


def test_stored_groups_count_when_nothing_is_said(school: School) -> None:
    _class_flag()
    school.init("u1", group={"class": ["c1"]})
    school.init("u2", group={"class": ["c2"]})

    assert (_keys(school, "u1"), _keys(school, "u2")) == (["HINTS"], [])
    assert _keys(school, "u1", groupsForSession=None, includeStoredUserGroups=None) == ["HINTS"]


def test_a_session_s_groups_alone_need_no_known_user(school: School) -> None:
    _class_flag()
    school.init("u1", group={"class": ["c1"]})

    assert _keys(school, "ghost", groupsForSession={"class": ["c1"]}, includeStoredUserGroups=False) == ["HINTS"]
    assert _keys(school, "u1", groupsForSession={"class": ["c2"]}, includeStoredUserGroups=False) == []


def test_a_session_s_groups_join_the_stored_ones_and_are_not_kept(school: School) -> None:
    _class_flag()
    school.init("u1", group={"school": ["s"]})

    assert _keys(school, groupsForSession={"class": ["c1"]}, includeStoredUserGroups=True) == ["HINTS"]
    assert _keys(school) == []
    response = school.send(
        "POST",
        "featureflag",
        "ghost",
        {"context": "home", "groupsForSession": {}, "includeStoredUserGroups": True},
    )
    assert response.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"groupsForSession": {}},
        {"includeStoredUserGroups": True},
        {"groupsForSession": {"class": "c1"}, "includeStoredUserGroups": True},
        {"groupsForSession": {"class": [1]}, "includeStoredUserGroups": False},
        {"groupsForSession": [], "includeStoredUserGroups": False},
        {"groupsForSession": {"class": ["nul\x00"]}, "includeStoredUserGroups": False},
        {"groupsForSession": {"nul\x00": ["c1"]}, "includeStoredUserGroups": True},
        {"groupsForSession": {}, "includeStoredUserGroups": "yes"},
    ],
)
def test_half_a_session_or_a_wrong_one_is_refused(school: School, body: dict[str, Any]) -> None:
    builders.project()
    school.init("u1")

    assert school.send("POST", "featureflag", "u1", {"context": "home", **body}).status_code == 400


def test_who_is_globally_excluded_has_no_flags(school: School) -> None:
    project = builders.project()
    builders.flag(project=project, key="ON")
    nobody = builders.segment(project=project, kind=Segment.Kind.GLOBAL_EXCLUDE)
    builders.members(segment=nobody, users=["u1"], groups=[("class", "c1")])
    _publish(project)
    school.init("u1")
    school.init("u2", group={"class": ["c1"]}, workingGroup={"class": "c1"})
    school.init("u3", group={"class": ["c1"]})

    assert [_keys(school, user) for user in ("u1", "u2", "u3")] == [[], [], ["ON"]]


def test_a_person_s_meeting_of_a_flag_is_noted_once(school: School) -> None:
    project = builders.project()
    builders.flag(project=project, key="ON")
    _publish(project)
    school.init("u1")

    _keys(school)
    _keys(school)
    _keys(school, "ghost", groupsForSession={}, includeStoredUserGroups=False)

    assert sorted(Exposure.objects.values_list("user_id", "flag_key")) == [("ghost", "ON"), ("u1", "ON")]


def test_a_share_of_people_gets_a_roll_out(school: School) -> None:
    project = builders.project()
    builders.flag(project=project, key="HALF", kind=2, traffic="0.5")
    _publish(project)
    users = [f"u{number}" for number in range(60)]
    for user in users:
        school.init(user)

    count = sum(_keys(school, user) == ["HALF"] for user in users)

    assert 15 < count < 45
    assert count == sum(_keys(school, user) == ["HALF"] for user in users)


def test_an_unknown_context_or_user_is_told(school: School) -> None:
    builders.project()
    school.init("u1")

    assert school.send("POST", "featureflag", "u1", {"context": "nowhere"}).status_code == 400
    assert school.send("POST", "featureflag", "ghost", {"context": "home"}).status_code == 404


def test_a_session_of_very_many_groups_is_looked_up(school: School) -> None:
    _class_flag()
    groups = {"class": [f"c{number}" for number in range(20_000, 0, -1)]}

    assert _keys(school, "ghost", groupsForSession=groups, includeStoredUserGroups=False) == ["HINTS"]
