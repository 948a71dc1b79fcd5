"""groupmembership and workinggroup: the groups of a person (upgrade contract §1.2)."""

from typing import Any

import pytest

from tests.wire.upgrade.client import School
from users.models import ExperimentUser

pytestmark = pytest.mark.django_db


def _patch(school: School, route: str, body: Any) -> Any:
    return school.send("PATCH", route, "u1", body, user_key="id")


@pytest.mark.parametrize("version", [5, 6])
def test_memberships_are_replaced_and_echoed_alone(school: School, version: int) -> None:
    school.version = version
    school.init("u1", group={"class": ["c1"]}, workingGroup={"class": "c1"})

    response = _patch(school, "groupmembership", {"group": {"school": ["s2", "s1"]}})

    assert response.json() == {"id": "u1", "group": {"school": ["s1", "s2"]}}
    assert ExperimentUser.objects.get().working_groups == {"class": "c1"}


def test_no_memberships_said_is_no_change(school: School) -> None:
    school.init("u1")

    assert _patch(school, "groupmembership", {}).json() == {"id": "u1"}


@pytest.mark.parametrize("version", [5, 6])
def test_working_groups_are_replaced_and_echoed_alone(school: School, version: int) -> None:
    school.version = version
    school.init("u1", group={"class": ["c1"]}, workingGroup={"class": "c1"})

    response = _patch(school, "workinggroup", {"workingGroup": {"class": "c9"}})

    assert response.json() == {"id": "u1", "workingGroup": {"class": "c9"}}


@pytest.mark.parametrize("body", [{}, {"workingGroup": None}, {"workingGroup": {"class": ""}}, {"workingGroup": []}])
def test_working_groups_must_be_said(school: School, body: Any) -> None:
    school.init("u1", workingGroup={"class": "c1"})

    assert _patch(school, "workinggroup", body).status_code == 400
    assert ExperimentUser.objects.get().working_groups == {"class": "c1"}


@pytest.mark.parametrize("body", [{"group": {"class": "c1"}}, {"group": 5}, {"group": {"class": [None]}}])
def test_memberships_of_another_shape_are_refused(school: School, body: Any) -> None:
    school.init("u1")

    assert _patch(school, "groupmembership", body).status_code == 400
