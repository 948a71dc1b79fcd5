"""`POST /v1/override` (agent contract §1.4, §4.2)."""

from typing import Any

import pytest

from tests import builders
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    settings.AGENT_OVERRIDES = True


def override(agent: Agent, variation: str | None, experiment: str = "ft_main", user: str = "ada") -> str:
    body = {"userId": user, "experimentKey": experiment, "variationKey": variation}
    reply = agent.post("/v1/override", body)
    assert reply.status == 200
    return reply.text


def arm(agent: Agent, user: str = "ada") -> Any:
    return agent.post("/v1/decide?keys=main_flag", {"userId": user}).json()["variationKey"]


def test_answer_is_one_object_with_fields_in_order(rich: Agent) -> None:
    assert override(rich, "treat") == (
        '{"userId":"ada","experimentKey":"ft_main","variationKey":"treat","prevVariationKey":"","messages":null}\n'
    )


def test_override_is_decided_activated_and_told(rich: Agent) -> None:
    override(rich, "treat")

    reply = rich.post("/v1/decide?keys=main_flag", {"userId": "ada", "decideOptions": ["INCLUDE_REASONS"]}).json()
    (item,) = rich.post("/v1/activate?experimentKey=ft_main", {"userId": "ada"}).json()

    assert (reply["variationKey"], reply["reasons"]) == ("treat", ["Override variation treat found for user ada"])
    assert item["variationKey"] == "treat"


def test_override_is_for_one_person_and_one_project(rich: Agent, holdouts: Agent) -> None:
    before = arm(rich, "bob")
    override(rich, "treat")
    override(holdouts, "v1", "ft_main", "bob")

    assert arm(rich, "bob") == before


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (["nope"], '"prevVariationKey":"","messages":["variationKey not found in configuration"]'),
        (["treat", "control"], '"prevVariationKey":"treat","messages":["updating previous override"]'),
        (
            ["treat", "nope"],
            '"prevVariationKey":"treat",'
            '"messages":["variationKey not found in configuration","updating previous override"]',
        ),
        (["treat", ""], '"prevVariationKey":"treat","messages":["removing previous override"]'),
        (["treat", None, None], '"prevVariationKey":"","messages":["no pre-existing override"]'),
    ],
)
def test_what_was_before_is_told(rich: Agent, steps: list[str | None], said: str) -> None:
    for step in steps:
        text = override(rich, step)

    assert said in text


def test_unknown_experiment_is_stored_all_the_same(rich: Agent) -> None:
    assert '"messages":["experimentKey not found in configuration"]' in override(rich, "a", "zz")
    assert '"prevVariationKey":"a"' in override(rich, "b", "zz")


def test_removed_and_unknown_overrides_decide_nothing(rich: Agent) -> None:
    drawn = arm(rich)
    for variation in ("treat", "", "nope"):
        override(rich, variation)

    assert arm(rich) == drawn


def test_override_holds_in_an_authored_project_too() -> None:
    project = builders.project(sdk_key="homekey")
    made = builders.experiment(project=project)
    builders.flag(project=project, rules=[made])
    builders.started(made)
    home = Agent("homekey")
    decide = {"userId": "ada"}
    drawn = home.post("/v1/decide?keys=button_flag", decide).json()["variationKey"]
    other = made.variations.exclude(key=drawn).get().key

    override(home, other, "button")

    assert home.post("/v1/decide?keys=button_flag", decide).json()["variationKey"] == other


def test_reset_forgets_every_override_of_the_project(rich: Agent) -> None:
    drawn = arm(rich)
    override(rich, "treat")

    reply = rich.post("/v1/reset", {})

    assert (reply.status, reply.text, arm(rich)) == (200, '{"result":true}\n', drawn)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"experimentKey": "ft_main"}, "userId cannot be empty"),
        ({"userId": "", "experimentKey": ""}, "userId cannot be empty"),
        ({"userId": "a"}, "experimentKey cannot be empty"),
        ({"userId": 5}, "error parsing request body"),
    ],
)
def test_bad_override_is_refused(rich: Agent, body: Any, error: str) -> None:
    reply = rich.post("/v1/override", body)

    assert (reply.status, reply.json()) == (400, {"error": error})


def test_switched_off_is_told_as_text_whatever_the_body(rich: Agent, settings: Any) -> None:
    settings.AGENT_OVERRIDES = False

    reply = rich.post("/v1/override", "{")

    assert (reply.status, reply.text) == (403, "Overrides not enabled\n")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
