"""Contextual bandits over HTTP (agent contract §3.6)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from decisions.upstream import mirroring
from events.models import Exposure
from tests.wire.agent.calling import DATA, NOW, Agent, mirrored
from tests.wire.agent.hosting import Asked, Host, Said, hosting
from tests.wire.agent.listening import listening

pytestmark = pytest.mark.django_db

KEY = "KZbunNn9bVfBWLpZPq2XC4"
FAILED = "Failed to fetch CMAB data for experiment cmab-rule_1."


def answer(asked: Asked) -> Said:
    user = json.loads(asked.body)["instances"][0]["visitorId"]
    if user.startswith("cmabfail"):
        return Said(500)
    return Said(200, json.dumps({"predictions": [{"variation_id": "1579278"}]}).encode())


@pytest.fixture
def service(settings: Any) -> Iterator[Host]:
    with hosting(answer) as host:
        settings.AGENT_CMAB_ENDPOINT = f"{host.url}/predict/%s"
        yield host


@pytest.fixture
def agent(db: None) -> Agent:
    mirrored(f"public_datafiles/{KEY}.json", KEY)
    return Agent(KEY)


def decide(agent: Agent, user: str = "b", hello: str = "hola", **fields: Any) -> Any:
    body = {"userId": user, "userAttributes": {"attr_1": hello, "other": 1}, **fields}
    reply = agent.post("/v1/decide?keys=cmab_flag", body)
    assert reply.status == 200
    return reply.json()


def test_service_is_asked_about_the_attributes_it_may_see(agent: Agent, service: Host) -> None:
    reply = decide(agent, decideOptions=["INCLUDE_REASONS"])

    assert (reply["variationKey"], reply["ruleKey"], reply["enabled"]) == ("on", "cmab-rule_1", True)
    assert reply["reasons"][-1] == "User bucketed into variation on by CMAB service"
    (asked,) = service.asked
    (instance,) = json.loads(asked.body)["instances"]
    assert asked.path == "/predict/9300002877087"
    assert instance["attributes"] == [{"id": "attr_1", "value": "hola", "type": "custom_attribute"}]
    assert (instance["visitorId"], instance["experimentId"]) == ("b", "9300002877087")
    assert Exposure.objects.get().payload["cmab_uuid"] == instance["cmabUUID"]


def test_prediction_is_kept_until_the_visible_attributes_change(agent: Agent, service: Host) -> None:
    decide(agent)
    decide(agent, userAttributes={"attr_1": "hola", "other": 2})
    assert len(service.asked) == 1

    decide(agent, userAttributes={"attr_1": "hola", "attr_2": 2})
    decide(agent, user="c")

    assert len(service.asked) == 2


@pytest.mark.parametrize("option", ["IGNORE_CMAB_CACHE", "RESET_CMAB_CACHE", "INVALIDATE_USER_CMAB_CACHE"])
def test_options_ask_anew(agent: Agent, service: Host, option: str) -> None:
    decide(agent)

    decide(agent, decideOptions=[option])

    assert len(service.asked) == 2


def test_reset_forgets_everybody_and_invalidating_one(agent: Agent, service: Host) -> None:
    for user in ("b", "c"):
        decide(agent, user)

    decide(agent, decideOptions=["INVALIDATE_USER_CMAB_CACHE"])
    decide(agent, "c")
    assert len(service.asked) == 3

    decide(agent, decideOptions=["RESET_CMAB_CACHE"])
    decide(agent, "c")

    assert len(service.asked) == 5


def test_failure_is_tried_again_once_and_decides_nothing(agent: Agent, service: Host) -> None:
    reply = decide(agent, "cmabfail1")

    assert (reply["variationKey"], reply["enabled"], reply["reasons"]) == ("", False, [FAILED])
    assert "variables" not in reply
    assert len(service.asked) == 2
    assert not Exposure.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"predictions":[]}', b'{"predictions":[{"variation_id":5}]}'])
def test_answer_that_makes_no_sense_is_a_failure(agent: Agent, service: Host, body: bytes) -> None:
    service.answer = lambda asked: Said(200, body)

    assert decide(agent)["reasons"] == [FAILED]


def test_foreign_variation_is_named(agent: Agent, service: Host) -> None:
    service.answer = lambda asked: Said(200, b'{"predictions":[{"variation_id":"77"}]}')

    assert decide(agent)["reasons"] == ["variation with ID 77 not found in experiment 9300002877087"]


def test_person_outside_the_audience_is_not_asked_about(agent: Agent, service: Host) -> None:
    reply = decide(agent, hello="adios")

    assert (reply["variationKey"], reply["isEveryoneElseVariation"]) == ("off", True)
    assert not service.asked


def test_activate_asks_too_and_shows_a_failure_as_no_variation(agent: Agent, service: Host) -> None:
    body = {"userAttributes": {"attr_1": "hola"}}

    (good,) = agent.post("/v1/activate?experimentKey=cmab-rule_1", body | {"userId": "b"}).json()
    (bad,) = agent.post("/v1/activate?experimentKey=cmab-rule_1", body | {"userId": "cmabfail1"}).json()

    assert (good["variationKey"], good["enabled"]) == ("on", True)
    assert (bad["variationKey"], bad["enabled"]) == ("", False)


def test_bandit_is_never_kept_in_a_profile(agent: Agent, service: Host, settings: Any) -> None:
    settings.AGENT_PROFILES = {"default": "in-memory", "services": {"in-memory": {}}}

    decide(agent)

    assert agent.post("/v1/lookup", {"userId": "b"}).json()["experimentBucketMap"] == {}


def test_failure_is_no_exposure_where_every_decision_is_one(db: None, service: Host, settings: Any) -> None:
    settings.AGENT_NOTIFICATIONS = True
    datafile = json.loads((DATA / "public_datafiles" / f"{KEY}.json").read_text())
    body = json.dumps({**datafile, "sendFlagDecisions": True}).encode()
    mirroring.take_in(body=body, sdk_key=KEY, now=NOW, is_strict=False)

    with listening(KEY) as heard:
        decide(Agent(KEY), user="cmabfail")
        decide(Agent(KEY), user="b")
        [notice] = heard.wait_for(1)

    assert [each.user_id for each in Exposure.objects.all()] == ["b"]
    assert notice["UserContext"]["ID"] == "b"
