"""The loops of the SDKs, in Python and in Node, against a server of their own (testlab contract §3)."""

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from tests.wire.testlab import calling
from tests.wire.testlab.sdk_loop import Sdk

pytestmark = pytest.mark.django_db(transaction=True)

USERS = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(1, 25)]
NODE_LOOP = Path(__file__).with_name("sdk_loop.mjs")


@pytest.fixture
def experiment() -> dict[str, Any]:
    made = calling.feature(name="colours", user_percentage=0.55)
    calling.variants(made["id"], 0.7, 0.2, 0.1)
    calling.feature(name="everybody", type_id=2, user_percentage=1)
    calling.feature(name="nobody", type_id=2, user_percentage=0)
    return made


def _by_server(family: str) -> dict[str, Any]:
    """What the server would have said of each user, asked before anything is recorded."""
    asked = [
        calling.post("/api/evaluate", {"user_id": user, "hash": family, "features": ["colours"]}) for user in USERS
    ]
    return {user: answer.json()["features"]["colours"] for user, answer in zip(USERS, asked, strict=True)}


def _check_what_was_recorded(expected: dict[str, Any], feature_id: int) -> None:
    enrolled = {user: value["id"] for user, value in expected.items() if value}
    recorded = {row["id"]: row["variant_id"] for row in calling.get("/api/users").json()}
    rows = calling.get(f"/api/analysis/feature/{feature_id}").json()
    assert recorded == enrolled
    assert 0 < len(enrolled) < len(USERS)
    assert [row["total_users"] for row in rows] == [list(enrolled.values()).count(row["id"]) for row in rows]
    assert [row["conversion_rate"] for row in rows if row["total_users"]] == [1.0] * sum(
        bool(row["total_users"]) for row in rows
    )


@pytest.mark.parametrize("family", ["ruby", "python"])
def test_a_backend_sdk_evaluates_records_and_reports(
    live_server: LiveServer, experiment: dict[str, Any], family: str
) -> None:
    expected = _by_server(family)
    sdk = Sdk(live_server.url, family)

    seen = {user: sdk.value_of("colours", user) for user in USERS}

    assert seen == expected
    assert (sdk.value_of("everybody", "u"), sdk.value_of("nobody", "u")) == (True, False)
    _check_what_was_recorded(expected, experiment["id"])


def test_an_sdk_learns_of_a_change_at_its_next_poll(live_server: LiveServer, experiment: dict[str, Any]) -> None:
    sdk = Sdk(live_server.url, "ruby")
    httpx.put(f"{live_server.url}/api/feature/{experiment['id']}", json=experiment | {"is_running": False})

    sdk.poll_again()

    assert sdk.polled == [200, 200]
    assert [sdk.value_of("colours", user) for user in USERS] == [False] * len(USERS)


@pytest.mark.node
def test_a_javascript_sdk_evaluates_records_and_reports(live_server: LiveServer, experiment: dict[str, Any]) -> None:
    expected = _by_server("js")

    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, str(NODE_LOOP), live_server.url, "colours", *USERS], capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    *lines, last = (json.loads(line) for line in done.stdout.splitlines())
    assert {line["user"]: line["value"] for line in lines} == expected
    assert last == {"polled_again": 304, "body": ""}
    _check_what_was_recorded(expected, experiment["id"])
