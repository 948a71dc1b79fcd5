"""reward and clearDB (upgrade contract §1, §1.5)."""

from typing import Any

import pytest
from django.test import Client

from tests.wire.upgrade.client import School
from users.models import ExperimentUser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "body",
    [
        {"rewardValue": "SUCCESS", "experimentId": "e"},
        {"rewardValue": "FAILURE", "context": "home", "decisionPoint": {"site": "s", "target": "t"}},
        {"rewardValue": "MAYBE", "experimentId": "e"},
        {"rewardValue": "SUCCESS"},
        {"rewardValue": "SUCCESS", "context": "home"},
    ],
)
def test_a_reward_is_answered_as_without_the_adaptive_service(school: School, body: Any) -> None:
    school.init("u1")

    response = school.send("POST", "reward", "u1", body)

    assert (response.status_code, response.json()["name"]) == (400, "BadRequestError")


def test_a_reward_of_an_unknown_user_is_404(school: School) -> None:
    body = {"rewardValue": "SUCCESS", "experimentId": "e"}

    assert school.send("POST", "reward", "ghost", body).status_code == 404


def test_v5_has_no_rewards(school: School) -> None:
    school.version = 5

    assert school.send("POST", "reward", "u1", {}).status_code == 404


@pytest.mark.parametrize("version", [5, 6])
def test_nobody_can_clear_the_database(client: Client, school: School, version: int) -> None:
    school.init("u1")

    response = client.delete(f"/api/v{version}/clearDB")

    assert (response.status_code, isinstance(response.json(), str)) == (200, True)
    assert ExperimentUser.objects.count() == 1
