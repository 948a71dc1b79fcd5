"""Qualified segments: fetched over GraphQL, kept, decided by (agent contract §1.4, §4.6)."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from decisions.api.agent import services
from tests.contracts.test_decide_vectors import normal
from tests.engine.documents import read_lines
from tests.wire.agent.calling import Agent, mirrored
from tests.wire.agent.hosting import Asked, Host, Said, hosting

pytestmark = pytest.mark.django_db

RECORDED = [row for row in read_lines("decide_vectors.jsonl") if row["qualifiedSegments"] is not None]


def answer(asked: Asked) -> Said:
    """The contract's stub: `seg=a,b|x` qualifies for a and b, `odperr…` gets an error."""
    if asked.path != "/v3/graphql":
        return Said(202)
    user = json.loads(asked.body)["variables"]["userId"]
    if user.startswith("odperr"):
        return Said(200, b'{"data":{"customer":null},"errors":[{"message":"no"}]}')
    names = user.removeprefix("seg=").partition("|")[0].split(",") if user.startswith("seg=") else []
    edges = [{"node": {"name": name, "state": "qualified"}} for name in names]
    edges.append({"node": {"name": "vip", "state": "not_qualified"}})
    return Said(200, json.dumps({"data": {"customer": {"audiences": {"edges": edges}}}}).encode())


@pytest.fixture
def odp(settings: Any) -> Iterator[Host]:
    services._cache.cache_clear()
    with hosting(answer) as host:
        settings.AGENT_ODP_HOST = host.url
        settings.AGENT_ODP_OFF = False
        yield host


def decide(rich: Agent, user: str, **fields: Any) -> Any:
    return rich.post("/v1/decide?keys=g_qualified", {"userId": user, "fetchSegments": True, **fields})


def questions(odp: Host) -> list[Asked]:
    return [asked for asked in odp.asked if asked.path == "/v3/graphql"]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: str(row["id"]))
def test_recorded_decisions_by_segments(rich: Agent, odp: Host, row: dict[str, Any]) -> None:
    reply = rich.post(f"/v1/decide{row['query']}", row["request"])

    assert normal(reply.json()) == normal(row["agent"]["body"])


def test_question_names_the_person_and_every_segment_asked_about(rich: Agent, odp: Host) -> None:
    decide(rich, "seg=vip|z")

    (asked,) = questions(odp)
    assert asked.headers["X-Api-Key"] == "testpub"
    variables = json.loads(asked.body)["variables"]
    assert variables["userId"] == "seg=vip|z"
    assert "vip" in variables["audiences"]
    assert "customer(fs_user_id: $userId) {audiences(subset: $audiences)" in json.loads(asked.body)["query"]


def test_segments_not_fetched_qualify_for_nothing(rich: Agent, odp: Host) -> None:
    reply = rich.post("/v1/decide?keys=g_qualified", {"userId": "seg=vip|z"})

    assert reply.json()["variationKey"] != "on"
    assert not questions(odp)


def test_answer_is_kept_ignored_and_reset_as_wished(rich: Agent, odp: Host) -> None:
    counts = []
    for options in ([], [], ["IGNORE_CACHE"], [], ["RESET_CACHE"], ["SOMETHING"]):
        assert decide(rich, "seg=vip|z", fetchSegmentsOptions=options).json()["variationKey"] == "on"
        counts.append(len(questions(odp)))

    assert counts == [1, 1, 2, 2, 3, 3]


def test_answer_of_one_projects_platform_is_not_taken_for_anothers(rich: Agent, odp: Host) -> None:
    mirrored("datafile_rich.json", "OTHERKEY")
    decide(rich, "seg=vip|z")
    odp.answer = lambda asked: Said(200, b'{"data":{"customer":{"audiences":{"edges":[]}}}}')

    others = [decide(Agent("OTHERKEY"), "seg=vip|z", fetchSegmentsOptions=wish) for wish in ([], ["RESET_CACHE"])]

    assert all(other.json()["variationKey"] != "on" for other in others)
    assert decide(rich, "seg=vip|z").json()["variationKey"] == "on"


def test_unknown_cache_name_keeps_nothing(rich: Agent, odp: Host) -> None:
    rich.headers["X-Optimizely-ODP-Cache-Name"] = "nope"

    for _ in range(2):
        decide(rich, "seg=vip|z")

    assert len(questions(odp)) == 2


@pytest.mark.parametrize("said", [Said(500), Said(200, b"{"), Said(200, b"[]"), Said(403)])
def test_platform_that_fails_fails_the_call(rich: Agent, odp: Host, said: Said) -> None:
    odp.answer = lambda asked: said

    reply = decide(rich, "seg=vip|z")

    assert (reply.status, reply.json()) == (500, {"error": "failed to fetch qualified segments"})


def test_project_without_a_platform_fails_the_call(holdouts: Agent, odp: Host) -> None:
    reply = holdouts.post("/v1/decide", {"userId": "a", "fetchSegments": True})

    assert (reply.status, reply.json()) == (500, {"error": "failed to fetch qualified segments"})


def test_platform_that_is_switched_off_is_not_asked(rich: Agent, odp: Host, settings: Any) -> None:
    settings.AGENT_ODP_OFF = True

    assert decide(rich, "seg=vip|z").status == 500
    assert not odp.asked


@pytest.mark.redis
def test_redis_holds_the_originals_keys(rich: Agent, odp: Host, settings: Any) -> None:
    address = urlsplit(os.environ["TEST_REDIS_URL"])
    client = redis.Redis(host=address.hostname or "", port=address.port or 6379, db=9)
    client.flushdb()
    config = {"host": f"{address.hostname}:{address.port}", "database": 9, "timeout": "600s"}
    settings.AGENT_SEGMENTS_CACHE = {"default": "redis", "services": {"redis": config}}

    decide(rich, "seg=vip|z")
    decide(rich, "segnone")
    client.set("fs_user_id-$-known", '["vip"]')
    assert decide(rich, "known").json()["variationKey"] == "on"

    assert json.loads(client.get("fs_user_id-$-seg=vip|z") or b"") == ["vip"]
    assert client.get("fs_user_id-$-segnone") is None
    assert 0 < client.pttl("fs_user_id-$-seg=vip|z") <= 600_000
    client.set("other", "kept")
    decide(rich, "segnone", fetchSegmentsOptions=["RESET_CACHE"])
    assert client.keys() == [b"other"]
