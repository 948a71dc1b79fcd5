"""`POST /v1/send-odp-event`, and what decisions tell the platform (agent contract §1.4, §4.6)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.wire.agent.calling import Agent
from tests.wire.agent.hosting import Host, Said, hosting

pytestmark = pytest.mark.django_db

EVENT = {"type": "t", "action": "act", "identifiers": {"FS-USER-ID": "x", "email": "e"}, "data": {"k": "v"}}


@pytest.fixture
def odp(settings: Any) -> Iterator[Host]:
    with hosting(lambda asked: Said(202)) as host:
        settings.AGENT_ODP_HOST = host.url
        settings.AGENT_ODP_OFF = False
        yield host


def test_event_is_told_with_our_own_data_beneath_the_clients(rich: Agent, odp: Host) -> None:
    data = {"k": "v", "idempotence_id": "mine", "n": None, "b": True, "f": 1.5}

    reply = rich.post("/v1/send-odp-event", EVENT | {"data": data})

    assert (reply.status, reply.text) == (200, '{"success":true}\n')
    ((event,),) = odp.told("/v3/events", 1)
    assert (event["type"], event["action"]) == ("t", "act")
    assert event["identifiers"] == {"fs_user_id": "x", "email": "e"}
    assert data.items() <= event["data"].items()
    assert event["data"]["data_source_type"] == "sdk"
    assert odp.asked[0].headers["X-Api-Key"] == "testpub"


def test_type_has_a_default(rich: Agent, odp: Host) -> None:
    rich.post("/v1/send-odp-event", {"action": "a", "identifiers": {"email": "e"}})

    ((event,),) = odp.told("/v3/events", 1)
    assert event["type"] == "fullstack"


def test_decision_tells_who_was_seen(rich: Agent, odp: Host) -> None:
    rich.post("/v1/decide?keys=main_flag", {"userId": "user_1"})

    ((event,),) = odp.told("/v3/events", 1)
    assert (event["type"], event["action"]) == ("fullstack", "identified")
    assert event["identifiers"] == {"fs_user_id": "user_1"}


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"action": ""}, 400, 'missing "action" in request payload'),
        ({"action": None}, 400, 'missing "action" in request payload'),
        ({"identifiers": {}}, 400, 'missing or empty "identifiers" in request payload'),
        ({"identifiers": None}, 400, 'missing or empty "identifiers" in request payload'),
        ({"identifiers": {"x": 5}}, 400, "error parsing request body"),
        ({"data": {"k": [1]}}, 500, "ODP data is not valid"),
        ({"data": {"k": {}}}, 500, "ODP data is not valid"),
    ],
)
def test_bad_event_is_refused(rich: Agent, odp: Host, change: dict[str, Any], status: int, error: str) -> None:
    reply = rich.post("/v1/send-odp-event", EVENT | change)

    assert (reply.status, reply.json()) == (status, {"error": error})


def test_project_without_a_platform_is_told_so(holdouts: Agent, odp: Host) -> None:
    reply = holdouts.post("/v1/send-odp-event", EVENT)

    assert (reply.status, reply.json()) == (500, {"error": "ODP is not integrated"})


def test_platform_that_is_switched_off_is_told_so(rich: Agent, odp: Host, settings: Any) -> None:
    settings.AGENT_ODP_OFF = True

    assert rich.post("/v1/send-odp-event", EVENT).json() == {"error": "ODP is not enabled"}
