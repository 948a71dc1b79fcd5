"""Recorded decide and activate calls of a real Agent, replayed over HTTP on mirrored projects.

What crashed the real Agent (status 0) is an answered request here (agent contract §3.3). The rows that need fetched
segments are replayed in `tests/wire/agent/test_segments.py`, beside an ODP host.
"""

import json
from typing import Any

import pytest

from tests.contracts.test_decide_vectors import normal
from tests.engine.documents import read_lines
from tests.wire.agent.calling import Agent, mirrored

DECIDES = [row for row in read_lines("decide_vectors.jsonl") if row["qualifiedSegments"] is None]
ACTIVATES = read_lines("activate_vectors.jsonl")
DATAFILES = sorted({(row["sdkKey"], row["datafile"]) for row in DECIDES + ACTIVATES})

pytestmark = pytest.mark.django_db


@pytest.fixture(params=DATAFILES, ids=lambda pair: str(pair[0]))
def agent(request: pytest.FixtureRequest, db: None) -> Agent:
    """A client of one mirrored project: compiled once for all of its rows."""
    sdk_key, datafile = request.param
    mirrored(datafile, sdk_key)
    return Agent(sdk_key)


def arranged(body: Any) -> Any:
    """The order of lists, and of error reasons among themselves, is not defined."""
    if isinstance(body, dict):
        return normal(body)
    return sorted(map(normal, body), key=lambda item: str(item["flagKey"]))


def decided(agent: Agent, row: dict[str, Any]) -> bool:
    reply = agent.post(f"/v1/decide{row['query']}", row["request"])
    if row["agent"]["status"] == 200:
        return reply.status == 200 and arranged(reply.json()) == arranged(row["agent"]["body"])
    return reply.status == 200 and bool(reply.json()["reasons"])


def activated(agent: Agent, row: dict[str, Any]) -> bool:
    reply = agent.post(f"/v1/activate?{row['query']}", row["request"])
    if reply.status != row["status"]:
        return False
    items = sorted(reply.json(), key=lambda item: (item["type"], item["experimentKey"], item["featureKey"]))
    return bool(items == row["body_sorted"])


def test_every_recorded_row_is_replayed_on_some_project() -> None:
    assert (len(DECIDES), len(ACTIVATES), len(DATAFILES)) == (247, 80, 4)


def test_decide_answers_as_recorded(agent: Agent) -> None:
    rows = [row for row in DECIDES if row["sdkKey"] == agent.sdk_key]

    assert [(row["id"], row["tag"]) for row in rows if not decided(agent, row)] == []


def test_activate_answers_as_recorded(agent: Agent) -> None:
    rows = [row for row in ACTIVATES if row["sdkKey"] == agent.sdk_key]

    assert [(row["query"], row["request"]) for row in rows if not activated(agent, row)] == []


def test_the_fields_stand_in_the_order_of_the_wire(db: None) -> None:
    mirrored("datafile_holdouts.json", "HOLDKEY1")

    text = Agent("HOLDKEY1").post("/v1/decide?keys=alpha", {"userId": "user_4"}).text

    assert list(json.loads(text)) == [
        "variationKey",
        "enabled",
        "ruleKey",
        "flagKey",
        "userContext",
        "reasons",
        "variables",
        "isEveryoneElseVariation",
    ]
