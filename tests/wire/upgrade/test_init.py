"""init: who is asked about (upgrade contract §1.2)."""

import pytest

from tests.wire.upgrade.client import School
from users.models import ExperimentUser

pytestmark = pytest.mark.django_db


def test_the_first_call_with_nothing_answers_the_id_alone(school: School) -> None:
    response = school.init("u1")

    assert (response.status_code, response.json()) == (200, {"id": "u1"})


@pytest.mark.parametrize("version", [5, 6])
def test_groups_are_kept_and_echoed(school: School, version: int) -> None:
    school.version = version

    response = school.init("u1", group={"class": ["c2", "c1"]}, workingGroup={"class": "c1"})

    assert response.json() == {"id": "u1", "group": {"class": ["c2", "c1"]}, "workingGroup": {"class": "c1"}}


def test_what_is_not_sent_again_stays(school: School) -> None:
    school.init("u1", group={"class": ["c1"]}, workingGroup={"class": "c1"})

    response = school.init("u1")

    assert response.json() == {"id": "u1", "group": {"class": ["c1"]}, "workingGroup": {"class": "c1"}}


def test_null_is_kept_as_null(school: School) -> None:
    school.init("u1", group={"class": ["c1"]})

    school.init("u1", group=None)

    assert school.init("u1").json() == {"id": "u1", "group": None}


def test_groups_are_sorted_once_a_person_has_some(school: School) -> None:
    school.init("u1", group={"class": ["b", "a"]})

    response = school.init("u1", group={"class": ["c", "b", "a"]})

    assert response.json()["group"] == {"class": ["a", "b", "c"]}
    assert ExperimentUser.objects.get().groups == {"class": ["a", "b", "c"]}


def test_no_body_at_all_is_accepted(school: School) -> None:
    response = school.send("POST", "init", "u1", b"")

    assert (response.status_code, response.json()) == (200, {"id": "u1"})


def test_v6_refuses_keys_it_does_not_know(school: School) -> None:
    assert school.init("u1", id="u1").status_code == 400
    assert not ExperimentUser.objects.exists()


def test_v5_ignores_keys_it_does_not_know(school: School) -> None:
    school.version = 5

    assert school.init("u1", nickname="x").json() == {"id": "u1"}


def test_v5_wants_an_id(school: School) -> None:
    school.version = 5

    assert school.send("POST", "init", None, {}).status_code == 400
    assert school.send("POST", "init", "", {}, user_key="id").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"group": []},
        {"group": {"class": "c1"}},
        {"group": {"class": [""]}},
        {"group": {"class": [1]}},
        {"workingGroup": {"class": ""}},
        {"workingGroup": {"class": ["c1"]}},
        {"group": {"x" * 65: ["c1"]}},
        {"group": {"class": ["c" * 256]}},
        {"group": {"class": ["nul\x00"]}},
    ],
)
def test_groups_of_another_shape_are_refused(school: School, body: dict[str, object]) -> None:
    response = school.init("u1", **body)

    assert (response.status_code, response.json()["name"]) == (400, "BadRequestError")
    assert not ExperimentUser.objects.exists()


def test_two_first_calls_make_one_person(school: School) -> None:
    school.init("u1")
    school.init("u1")

    assert ExperimentUser.objects.count() == 1
