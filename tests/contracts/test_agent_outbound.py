"""What a real Agent told the event collector, call by call, and what we tell an upstream (agent contract §4.4)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decisions.upstream import forwarding
from tests import builders
from tests.wire.agent.calling import Agent, mirrored
from tests.wire.agent.hosting import Asked, Host, Said, hosting

pytestmark = pytest.mark.django_db

RECORDED = json.loads((Path(__file__).parent / "data" / "agent_outbound_events.json").read_text())
STEPS = RECORDED["steps"]
DATAFILES = {
    "RICHKEY1": "datafile_rich.json",
    "HOLDKEY1": "datafile_holdouts.json",
    "LEGACYKEY1": "datafile_legacy.json",
    "KZbunNn9bVfBWLpZPq2XC4": "public_datafiles/KZbunNn9bVfBWLpZPq2XC4.json",
}


def answer(asked: Asked) -> Said:
    if asked.path.startswith("/predict/"):
        return Said(200, b'{"predictions":[{"variation_id":"1579278"}]}')
    return Said(204)


@pytest.fixture
def upstream(settings: Any) -> Iterator[Host]:
    forwarding.outbox.cache_clear()
    with hosting(answer) as host:
        settings.AGENT_EVENT_URL = f"{host.url}/v1/events"
        settings.AGENT_EVENT_FLUSH_SECONDS = 0.0
        settings.AGENT_CMAB_ENDPOINT = f"{host.url}/predict/%s"
        settings.AGENT_ODP_HOST = host.url
        settings.AGENT_ODP_OFF = False
        yield host
    forwarding.outbox.cache_clear()


def visitors(bodies: list[Any]) -> list[Any]:
    """Every visitor with what its batch says; times and new ids, and the order of attributes, are not compared."""
    return [
        {**{name: body[name] for name in body if name not in ("visitors", "client_name", "client_version")}, **each}
        for body in bodies
        for each in map(comparable, body["visitors"])
    ]


def comparable(visitor: Any) -> Any:
    for snapshot in visitor["snapshots"]:
        for decision in snapshot.get("decisions", ()):
            decision["metadata"].pop("cmab_uuid", None)
        for event in snapshot["events"]:
            event.pop("timestamp")
            event.pop("uuid")
    return {**visitor, "attributes": sorted(visitor["attributes"], key=lambda each: str(each["key"]))}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_upstream_is_told_what_the_agent_told(step: dict[str, Any], upstream: Host) -> None:
    call = step["call"]
    mirrored(DATAFILES[call["key"]], call["key"])
    expected = visitors([each["body"] for each in step["outbound"] if each["path"] == "/v1/events"])

    reply = Agent(call["key"]).post(call["path"], call["body"])

    assert reply.status == step["status"]
    bodies = upstream.told("/v1/events", len(expected)) if expected else []
    found = visitors(bodies)
    assert sorted(found, key=json.dumps) == sorted(expected, key=json.dumps)
    assert {body["client_name"] for body in bodies} <= {"Agent"}


def test_batches_hold_one_project_and_wait_for_each_other(upstream: Host, settings: Any) -> None:
    settings.AGENT_EVENT_FLUSH_SECONDS, settings.AGENT_EVENT_BATCH = 30.0, 3
    mirrored("datafile_rich.json", "RICHKEY1")

    for number in range(3):
        Agent("RICHKEY1").post("/v1/track?eventKey=purchase", {"userId": f"user-{number}"})

    (body,) = upstream.told("/v1/events", 1)
    assert [visitor["visitor_id"] for visitor in body["visitors"]] == ["user-0", "user-1", "user-2"]


def test_batch_that_does_not_arrive_is_sent_again(upstream: Host) -> None:
    mirrored("datafile_rich.json", "RICHKEY1")
    refusals = iter([Said(500), Said(200)])
    upstream.answer = lambda asked: next(refusals, Said(204))

    Agent("RICHKEY1").post("/v1/track?eventKey=purchase", {"userId": "ada"})

    told = upstream.told("/v1/events", 3)
    assert len(told) == 3
    assert len({each["visitors"][0]["snapshots"][0]["events"][0]["uuid"] for each in told}) == 1


def test_project_of_this_server_tells_nobody(upstream: Host) -> None:

    project = builders.project(sdk_key="homekey")
    project.event_definitions.create(key="purchase")
    builders.republished(project)
    mirrored("datafile_rich.json", "RICHKEY1")

    Agent("homekey").post("/v1/track?eventKey=purchase", {"userId": "ours"})
    Agent("RICHKEY1").post("/v1/track?eventKey=purchase", {"userId": "theirs"})

    (body,) = upstream.told("/v1/events", 1)
    assert [visitor["visitor_id"] for visitor in body["visitors"]] == ["theirs"]
