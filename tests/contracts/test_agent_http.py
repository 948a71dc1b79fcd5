"""Recorded calls of a real Agent, replayed over HTTP: status, contract headers and body as they were.

`LEFT_OUT` names every row that is not replayed here, with the reason.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.wire.agent.calling import Agent, Reply, mirrored

DATA = Path(__file__).parent / "data"
ROWS = [json.loads(line) for line in (DATA / "agent_http_golden.jsonl").read_text().splitlines()]

KEYS = {"RICHKEY1": "datafile_rich.json", "HOLDKEY1": "datafile_holdouts.json", "LEGACYKEY1": "datafile_legacy.json"}
LEFT_OUT: dict[str, str] = {}
SECTIONS: dict[str, dict[str, Any]] = {"default_env": {}}


def rows_of(section: str) -> list[dict[str, Any]]:
    return [row for row in ROWS if row["section"] == section and row["name"] not in LEFT_OUT]


def call(row: dict[str, Any]) -> Reply:
    request = row["request"]
    headers = {"Content-Type": "", **(request["headers"] or {})}
    if request.get("host"):
        headers["Host"] = request["host"]
    return Agent().call(request["method"], request["path"], request["body"], headers)


@pytest.fixture
def projects(db: None) -> None:
    for key, name in KEYS.items():
        mirrored(name, key)


@pytest.mark.parametrize("row", rows_of("default_env"), ids=lambda row: row["name"])
def test_default_environment_answers_as_recorded(row: dict[str, Any], projects: None) -> None:
    reply = call(row)

    expected = row["response"]
    assert (reply.status, reply.text) == (expected["status"], expected["body"])
