"""Notices of what happens (agent contract §4.5): what they say, and that nobody waits for them."""

import asyncio
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from config.wire.agent import relaying
from events.notices import gate, places, telling
from events.notices.arriving import Exchange
from events.notices.gate import Gate
from events.notices.hub import Notice
from tests.wire.agent.calling import Agent, mirrored
from tests.wire.agent.hosting import Said, hosting
from tests.wire.agent.listening import listening

pytestmark = pytest.mark.django_db

STREAM = "/v1/notifications/event-stream"


@pytest.fixture
def notifications(settings: Any) -> None:
    settings.AGENT_NOTIFICATIONS = True


def test_stream_is_refused_unless_it_is_switched_on(rich: Agent) -> None:
    reply = rich.get(STREAM)

    assert (reply.status, reply.text) == (403, "Notification stream not enabled\n")
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_stream_asks_for_a_key_before_anything_else(db: None) -> None:
    assert Agent().get(STREAM).status == 400
    assert Agent("NOBODY").get(STREAM).status == 403


def test_stream_without_its_process_says_so(rich: Agent, notifications: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "PATIENCE_SECONDS", 0.0)
    places.streams().unlink(missing_ok=True)

    reply = rich.get(STREAM)

    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


def test_more_streams_than_there_are_threads_for_are_refused(rich: Agent, notifications: None, settings: Any) -> None:
    settings.AGENT_STREAMS = 0

    reply = rich.get(STREAM)

    assert (reply.status, reply.text) == (429, "Server capacity exceeded.\n")


def test_stream_in_a_batch_ends_at_once(rich: Agent, notifications: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "PATIENCE_SECONDS", 0.0)
    headers = {"X-Optimizely-SDK-Key": "RICHKEY1"}

    reply = rich.post("/v1/batch", {"operations": [{"method": "GET", "url": STREAM, "headers": headers}]})

    assert [item["status"] for item in reply.json()["response"]] == [503]


def test_filter_that_is_not_escaped_is_passed_on_and_keeps_no_place(
    rich: Agent, notifications: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AGENT_STREAMS = 1
    monkeypatch.setattr(relaying, "PATIENCE_SECONDS", 0.0)
    operation = {"method": "GET", "url": f"{STREAM}?filter=café", "headers": {"X-Optimizely-SDK-Key": "RICHKEY1"}}

    statuses = [rich.get(f"{STREAM}?filter=café").status for _ in range(2)]
    batch = rich.post("/v1/batch", {"operations": [operation]}).json()

    assert statuses == [503, 503]
    assert [item["status"] for item in batch["response"]] == [503]


@pytest.mark.parametrize("value", ["€", "a\r\nb"])
def test_header_that_cannot_be_sent_is_refused_and_keeps_no_place(
    rich: Agent, notifications: None, settings: Any, value: str
) -> None:
    settings.AGENT_STREAMS = 1
    headers = {"X-Optimizely-SDK-Key": "RICHKEY1", "X-Request-Id": value}

    reply = rich.post("/v1/batch", {"operations": [{"method": "GET", "url": STREAM, "headers": headers}] * 2})

    assert [item["status"] for item in reply.json()["response"]] == [400, 400]


def test_nothing_is_told_while_nobody_listens(rich: Agent, notifications: None) -> None:
    with listening("OTHERKEY") as heard:
        rich.post("/v1/decide", {"userId": "ada"})
        time.sleep(0.1)

    assert heard.notices == []


def test_nothing_is_told_where_it_is_switched_off(rich: Agent) -> None:
    with listening("RICHKEY1") as heard:
        rich.post("/v1/decide?keys=main_flag", {"userId": "ada"})
        time.sleep(0.1)

    assert heard.notices == []


def test_listener_hears_only_the_kinds_it_asked_for(rich: Agent, notifications: None) -> None:
    with listening("RICHKEY1", frozenset({"track"})) as heard:
        rich.post("/v1/decide?keys=main_flag", {"userId": "ada"})
        rich.post("/v1/track?eventKey=purchase", {"userId": "ada"})
        heard.wait_for(1)

    assert [document["EventKey"] for _, document in heard.notices] == ["purchase"]


def test_key_with_an_access_token_tells_the_listeners_of_the_key(db: None, notifications: None) -> None:
    mirrored("datafile_rich.json", "RICHKEY1")

    with listening("RICHKEY1") as heard:
        Agent("RICHKEY1:token").post("/v1/decide?keys=main_flag", {"userId": "ada"})
        [notice] = heard.wait_for(1)

    assert notice["DecisionInfo"]["flagKey"] == "main_flag"


def test_unknown_flags_and_events_tell_nothing(rich: Agent, notifications: None) -> None:
    with listening("RICHKEY1") as heard:
        rich.post("/v1/decide?keys=nobody", {"userId": "ada"})
        rich.post("/v1/activate?featureKey=nobody&experimentKey=nobody", {"userId": "ada"})
        rich.post("/v1/track?eventKey=nobody", {"userId": "ada"})
        rich.post("/v1/track?eventKey=signup", {"userId": "ada"})
        heard.wait_for(1)

    assert [kind for kind, _ in heard.notices] == ["track"]


def test_decision_says_reasons_segments_and_no_variables_as_the_client_wished(
    rich: Agent, notifications: None, settings: Any
) -> None:
    nodes = [{"node": {"name": "seg_a", "state": "qualified"}}]
    body = json.dumps({"data": {"customer": {"audiences": {"edges": nodes}}}}).encode()
    settings.AGENT_ODP_OFF = False
    with hosting(lambda asked: Said(200, body)) as host, listening("RICHKEY1") as heard:
        settings.AGENT_ODP_HOST = host.url
        options = ["INCLUDE_REASONS", "EXCLUDE_VARIABLES", "DISABLE_DECISION_EVENT"]
        asked = {"userId": "ada", "decideOptions": options, "fetchSegments": True}
        answer = rich.post("/v1/decide?keys=main_flag", asked).json()
        [notice] = heard.wait_for(1)

    assert notice["UserContext"] == {"ID": "ada", "Attributes": {}, "QualifiedSegments": ["seg_a"]}
    assert notice["DecisionInfo"]["reasons"] == answer["reasons"] != []
    assert notice["DecisionInfo"]["variables"] == {}
    assert notice["DecisionInfo"]["decisionEventDispatched"] is False


def test_held_back_decision_tells_its_holdout(holdouts: Agent, notifications: None) -> None:
    with listening("HOLDKEY1") as heard:
        for user in range(40):
            holdouts.post("/v1/activate?type=feature", {"userId": f"user_{user}"})
        notices = heard.wait_for(40)

    features = [notice["DecisionInfo"]["feature"] for notice in notices]
    held = [feature for feature in features if feature["source"] == "holdout"]
    assert held
    assert all(feature["sourceInfo"] == {} for feature in held)


def test_queue_to_the_streams_process_is_bounded(tmp_path: Path) -> None:
    """A streams process that takes nothing costs a bounded amount of memory, and nobody's time."""
    places.notices().unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(places.notices()))
        deaf.listen(1)
        teller = telling.Teller()
        body = b'{"x":"' + b"x" * 100_000 + b'"}'

        started = time.monotonic()
        taken = [teller.tell("KEY", "decision", body) for _ in range(500)]

        assert time.monotonic() - started < 2
        assert taken[0] and not taken[-1]


def test_gate_is_shared_and_says_exactly_who_is_listened_to(tmp_path: Path) -> None:
    ours, theirs = Gate(tmp_path / "gate"), Gate(tmp_path / "gate")

    ours.open_for(["RICHKEY1"])
    assert theirs.is_open("RICHKEY1")
    assert not theirs.is_open("HOLDKEY1")

    ours.open_for([])
    assert not theirs.is_open("RICHKEY1")


def test_path_too_long_for_a_socket_leads_elsewhere(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / ("deep" * 30)
    places.directory.cache_clear()
    try:
        assert len(str(places.streams())) < 100
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(str(places.streams()))
        places.streams().unlink()
    finally:
        places.directory.cache_clear()
        gate.forget()


@pytest.mark.redis
def test_machines_tell_each_other_what_is_listened_to(tmp_path: Path) -> None:
    """Two streams processes on one Redis: a notice of one machine reaches a listener on the other, once."""
    url = os.environ["TEST_REDIS_URL"]
    here, there = Exchange(Gate(tmp_path / "here"), url), Exchange(Gate(tmp_path / "there"), url)
    notice = Notice("track", b'{"EventKey":"purchase"}')

    async def tell() -> tuple[Notice | None, Notice | None]:
        async with here.open(), there.open():
            with here.hub.listening("ABROADKEY", frozenset({"track"})) as listener:
                async with asyncio.timeout(20):
                    while not Gate(tmp_path / "there").is_open("ABROADKEY"):
                        await asyncio.sleep(0.02)
                there.publish("ABROADKEY", notice)
                return await listener.next(seconds=10), await listener.next(seconds=0.3)

    assert asyncio.run(tell()) == (notice, None)
