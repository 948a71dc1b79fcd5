"""useraliases: other ids of the same person (upgrade contract §6, improved: an alias always means the person)."""

from typing import Any

import pytest

from tests import builders
from tests.wire.upgrade.client import School
from users.models import ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


def _give(school: School, user: str, *aliases: str) -> Any:
    return school.send("PATCH", "useraliases", user, {"aliases": list(aliases)})


@pytest.mark.parametrize("version", [5, 6])
def test_unknown_ids_become_aliases(school: School, version: int) -> None:
    school.version = version
    school.init("u1")

    response = _give(school, "u1", "a", "b")

    assert response.json() == {"userId": "u1", "aliases": ["a", "b"], "userAliases": ["a", "b"]}


def test_ids_already_theirs_are_listed_first(school: School) -> None:
    school.init("u1")
    _give(school, "u1", "b")

    assert _give(school, "u1", "a", "b", "a").json()["aliases"] == ["b", "a"]
    assert UserAlias.objects.count() == 2


def test_no_aliases_and_an_empty_alias_are_fine(school: School) -> None:
    school.init("u1")

    assert _give(school, "u1").json()["aliases"] == []
    assert _give(school, "u1", "").json()["aliases"] == [""]


@pytest.mark.parametrize("taken", ["theirs", "u2", "u1"])
def test_somebody_else_s_id_is_refused_and_nothing_changes(school: School, taken: str) -> None:
    school.init("u1")
    school.init("u2")
    _give(school, "u2", "theirs")

    response = _give(school, "u1", "fresh", taken)

    assert (response.status_code, response.json()["type"]) == (400, "Query Failed")
    assert list(UserAlias.objects.values_list("alias", flat=True)) == ["theirs"]


def test_through_an_alias_new_ids_go_to_the_person(school: School) -> None:
    school.init("u1")
    _give(school, "u1", "a")

    response = _give(school, "a", "b", "a")

    assert response.json() == {"userId": "u1", "aliases": ["a", "b"], "userAliases": ["a", "b"]}


@pytest.mark.parametrize("body", [{}, {"aliases": None}, {"aliases": "a"}, {"aliases": [1]}, {"aliases": ["a\x00"]}])
def test_a_wrong_body_is_refused(school: School, body: dict[str, Any]) -> None:
    school.init("u1")

    assert school.send("PATCH", "useraliases", "u1", body).status_code == 400


@pytest.mark.parametrize("version", [5, 6])
def test_every_route_through_an_alias_means_the_person(school: School, version: int) -> None:
    builders.project()
    school.init("u1")
    _give(school, "u1", "a")
    school.version = version

    assert school.init("a", group={"class": ["c1"]}, workingGroup={"class": "c1"}).json()["id"] == "u1"
    changed = school.send("PATCH", "workinggroup", "a", {"workingGroup": {"class": "c2"}}, user_key="id")
    assert changed.json() == {"id": "u1", "workingGroup": {"class": "c2"}}
    changed = school.send("PATCH", "groupmembership", "a", {"group": {"class": ["c2"]}}, user_key="id")
    assert changed.json() == {"id": "u1", "group": {"class": ["c2"]}}
    assert school.mark("a", "site", "target")["userId"] == "u1"

    person = ExperimentUser.objects.get()
    assert (person.groups, person.working_groups) == ({"class": ["c2"]}, {"class": "c2"})


def test_a_mark_through_one_id_is_known_through_the_other(school: School) -> None:
    school.init("u1")
    _give(school, "u1", "a")
    first = school.mark("a", "site", "target", "A")

    assert school.mark("u1", "site", "target", "B") == first
