"""The real Optimizely SDKs fetch our datafile, decide locally, and send their events to us."""

import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, cast

import pytest
from optimizely.config_manager import PollingConfigManager
from optimizely.event.event_processor import BatchEventProcessor
from optimizely.event_dispatcher import CustomEventDispatcher
from optimizely.optimizely import Optimizely

from tests.road.conftest import SDK_KEY, Road

pytestmark = pytest.mark.serial

JAVASCRIPT = Path(__file__).parent / "js"
FLAG = "hint_style"
PEOPLE = [f"visitor-{number}" for number in range(20)]


class _ToUs(CustomEventDispatcher):
    """Sends the SDK's batches to our collector; nothing else of the SDK is changed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: list[int] = []

    def dispatch_event(self, event: Any) -> None:
        request = urllib.request.Request(
            f"{self.url}/v1/events", json.dumps(event.params).encode(), event.headers, method=event.http_verb
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.statuses.append(answer.status)


def _server_decides(road: Road, user: str) -> str:
    asked = {"userId": user, "decideOptions": ["DISABLE_DECISION_EVENT"]}
    reply = road.client.post(f"/v1/decide?keys={FLAG}", asked, X_Optimizely_SDK_Key=SDK_KEY)
    variation: str = reply.json()["variationKey"]
    return variation


def _exported(road: Road, what: str) -> list[dict[str, Any]]:
    text = road.manage("export_events", "--format", "jsonl", "--project", "demo", "--what", what)
    return [json.loads(line) for line in text.splitlines()]


def test_the_python_sdk_decides_locally_as_the_server_and_its_events_arrive(road: Road) -> None:
    to_us = _ToUs(road.url)
    config = PollingConfigManager(sdk_key=SDK_KEY, url_template=f"{road.url}/datafiles/{{sdk_key}}.json")
    events = BatchEventProcessor(to_us, batch_size=10, flush_interval=1, start_on_init=True)
    sdk = Optimizely(config_manager=config, event_processor=events)

    decided = {}
    for user in PEOPLE:
        person = sdk.create_user_context(user)
        assert person is not None
        decided[user] = person.decide(FLAG).variation_key
        person.track_event("purchase", cast(Any, {"revenue": 250, "value": 2.5}))
    events.stop()

    assert decided == {user: _server_decides(road, user) for user in PEOPLE}
    assert to_us.statuses and set(to_us.statuses) == {204}
    ours = [row for row in _exported(road, "events") if row["user_id"] in PEOPLE]
    assert sorted(row["user_id"] for row in ours) == sorted(PEOPLE)
    assert {(row["key"], row["value"], row["revenue"]) for row in ours} == {("purchase", 2.5, 250)}
    met = {row["user_id"]: row["variation_key"] for row in _exported(road, "exposures") if row["user_id"] in PEOPLE}
    assert met == decided


@pytest.mark.node
def test_the_javascript_sdk_decides_locally_as_the_server_and_its_events_arrive(road: Road) -> None:
    people = [f"js-{user}" for user in PEOPLE]

    done = subprocess.run(
        ["node", "decide.mjs", road.url, SDK_KEY, FLAG, "purchase", *people],
        cwd=JAVASCRIPT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    decided = {user: decision["variationKey"] for user, decision in told["decisions"].items()}
    assert decided == {user: _server_decides(road, user) for user in people}
    assert told["statuses"] and set(told["statuses"]) == {204}
    ours = [row["user_id"] for row in _exported(road, "events") if row["user_id"] in people]
    assert sorted(ours) == sorted(people)


def test_a_batch_that_is_sent_again_counts_once(road: Road) -> None:
    event = {"entity_id": "1", "key": "purchase", "timestamp": int(time.time() * 1000), "uuid": "once-and-only-once"}
    batch = {
        "account_id": "1",
        "project_id": "1",
        "revision": "1",
        "client_name": "python-sdk",
        "client_version": "5.7.0",
        "anonymize_ip": True,
        "enrich_decisions": True,
        "visitors": [{"visitor_id": "again", "attributes": [], "snapshots": [{"decisions": [], "events": [event]}]}],
    }
    project = road.client.get(f"/datafiles/{SDK_KEY}.json").json()
    batch |= {"project_id": project["projectId"], "account_id": project["accountId"]}

    statuses = [road.client.post("/v1/events", batch).status for _ in range(3)]

    assert statuses == [204, 204, 204]
    assert [row["user_id"] for row in _exported(road, "events")].count("again") == 1


def test_the_datafile_is_not_sent_again_while_it_is_unchanged(road: Road) -> None:
    first = road.client.get(f"/datafiles/{SDK_KEY}.json")

    again = road.client.get(f"/datafiles/{SDK_KEY}.json", If_Modified_Since=first.headers["last-modified"])

    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert road.client.get("/datafiles/nobody.json").status == 403
