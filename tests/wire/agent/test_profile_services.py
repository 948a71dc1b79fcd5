"""Profiles kept elsewhere (agent contract §4.3): a service over HTTP, a Redis, and a memory of bounded size."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wire.agent.calling import Agent
from tests.wire.agent.hosting import Asked, Host, Said, hosting

pytestmark = pytest.mark.django_db

FLAG = "/v1/decide?keys=main_flag"


class Keeper:
    """A profile service: what it holds, and how it answers."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.status = 200

    def answer(self, asked: Asked) -> Said:
        url = urlsplit(asked.path)
        fields = {name: each[0] for name, each in parse_qs(url.query).items()} or json.loads(asked.body or b"{}")
        if self.status != 200:
            return Said(self.status, b"{}")
        if url.path == "/ups/save":
            self.held[fields["uid"]] = fields["experiment_bucket_map"]
            return Said()
        known = {"uid": fields["uid"], "experiment_bucket_map": self.held.get(fields["uid"], {})}
        return Said(200, json.dumps(known).encode())


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def host(keeper: Keeper, settings: Any) -> Iterator[Host]:
    with hosting(keeper.answer) as found:
        settings.AGENT_PROFILES = {"default": "rest", "services": {"rest": config(found), "in-memory": None}}
        yield found


def config(host: Host, **fields: Any) -> dict[str, Any]:
    places = {"lookupPath": "/ups/lookup", "savePath": "ups/save", "userIDKey": "uid"}
    return {"host": host.url, **places, "headers": {"X-Token": "s3cret"}, **fields}


def paths(host: Host) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in host.asked]


def test_decision_asks_once_and_saves_once(rich: Agent, keeper: Keeper, host: Host) -> None:
    first = rich.post("/v1/decide", {"userId": "ada"}).json()

    assert paths(host) == ["POST /ups/lookup", "POST /ups/save"]
    assert json.loads(host.asked[0].body) == {"uid": "ada"}
    assert {asked.headers["X-Token"] for asked in host.asked} == {"s3cret"}
    assert keeper.held["ada"]

    assert rich.post("/v1/decide", {"userId": "ada"}).json() == first
    assert paths(host)[2:] == ["POST /ups/lookup"], "nothing new was drawn"


def test_activation_of_many_asks_once_and_saves_once(rich: Agent, keeper: Keeper, host: Host) -> None:
    rich.post("/v1/activate?type=feature&type=experiment", {"userId": "ada"})

    assert paths(host) == ["POST /ups/lookup", "POST /ups/save"]


def test_what_the_service_says_is_decided(rich: Agent, keeper: Keeper, host: Host) -> None:
    drawn = rich.post(FLAG, {"userId": "ada"}).json()["variationKey"]
    others = {"control": "200012", "treat": "200011"}
    keeper.held["ada"] = {"20001": {"variation_id": others[drawn]}}

    assert rich.post(FLAG, {"userId": "ada"}).json()["variationKey"] != drawn


def test_lookup_and_save_go_through(rich: Agent, keeper: Keeper, host: Host) -> None:
    profile = {"userId": "ada", "experimentBucketMap": {"20001": {"variation_id": "200012"}}}

    assert rich.post("/v1/save", profile).status == 200
    assert keeper.held == {"ada": profile["experimentBucketMap"]}
    assert rich.post("/v1/lookup", {"userId": "ada"}).json() == profile
    assert rich.post("/v1/lookup", {"userId": "ben"}).json() == {"userId": "ben", "experimentBucketMap": {}}


def test_get_sends_a_query(rich: Agent, keeper: Keeper, host: Host, settings: Any) -> None:
    keeper.held["ada b"] = {"20001": {"variation_id": "200012"}}
    settings.AGENT_PROFILES = {"default": "rest", "services": {"rest": config(host, lookupMethod="get")}}

    found = rich.post("/v1/lookup", {"userId": "ada b"}).json()["experimentBucketMap"]

    assert found == keeper.held["ada b"]
    assert paths(host) == ["GET /ups/lookup?uid=ada+b"]


def test_save_behind_the_answer_arrives(rich: Agent, keeper: Keeper, host: Host, settings: Any) -> None:
    settings.AGENT_PROFILES = {"default": "rest", "services": {"rest": config(host, **{"async": True})}}

    rich.post(FLAG, {"userId": "ada"})

    assert host.told("/ups/save", 1)[0]["uid"] == "ada"


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b'{"experiment_bucket_map": [1]}', b"null"])
def test_service_that_talks_nonsense_knows_nobody(rich: Agent, host: Host, body: bytes) -> None:
    host.answer = lambda asked: Said(200, body)

    assert rich.post("/v1/lookup", {"userId": "ada"}).json()["experimentBucketMap"] == {}
    assert rich.post(FLAG, {"userId": "ada"}).status == 200


def test_service_that_fails_knows_nobody_and_stops_nobody(
    rich: Agent, keeper: Keeper, host: Host, settings: Any
) -> None:
    keeper.status = 503
    assert rich.post(FLAG, {"userId": "ada"}).status == 200

    settings.AGENT_PROFILES = {"default": "rest", "services": {"rest": {"host": "http://127.0.0.1:1"}}}
    assert rich.post(FLAG, {"userId": "ada"}).status == 200
    assert rich.post("/v1/save", {"userId": "ada", "experimentBucketMap": {}}).status == 200


def test_header_names_the_service_of_one_request(rich: Agent, keeper: Keeper, host: Host) -> None:
    profile = {"userId": "ada", "experimentBucketMap": {"20001": {"variation_id": "200012"}}}

    rich.post("/v1/save", profile, X_Optimizely_UPS_Name="in-memory")

    assert paths(host) == []
    assert rich.post("/v1/lookup", {"userId": "ada"}, X_Optimizely_UPS_Name="in-memory").json() == profile
    assert rich.post("/v1/lookup", {"userId": "ada"}, X_Optimizely_UPS_Name="nobody").status == 500


def test_service_of_an_unknown_kind_is_none(rich: Agent, settings: Any) -> None:
    settings.AGENT_PROFILES = {"default": "plugin", "services": {"plugin": {}}}

    assert rich.post("/v1/lookup", {"userId": "ada"}).status == 500
    assert rich.post("/v1/lookup", {"userId": "ada"}).json() == {"error": "no user profile service found"}
    assert rich.post(FLAG, {"userId": "ada"}).status == 200


def test_redis_that_is_away_stops_nobody(rich: Agent, settings: Any) -> None:
    settings.AGENT_PROFILES = {"default": "redis", "services": {"redis": {"host": "127.0.0.1:1"}}}

    assert rich.post(FLAG, {"userId": "ada"}).status == 200
    assert rich.post("/v1/lookup", {"userId": "ada"}).json()["experimentBucketMap"] == {}
    assert rich.post("/v1/save", {"userId": "ada", "experimentBucketMap": {}}).status == 200


@pytest.mark.parametrize(("strategy", "left"), [("fifo", ["ben", "cid"]), ("lifo", ["ada", "cid"])])
def test_full_memory_lets_one_go(rich: Agent, settings: Any, strategy: str, left: list[str]) -> None:
    memory = {"capacity": 2, "storageStrategy": strategy}
    settings.AGENT_PROFILES = {"default": "in-memory", "services": {"in-memory": memory}}

    for user in ("ada", "ben", "ben", "cid"):
        rich.post("/v1/save", {"userId": user, "experimentBucketMap": {"1": {"variation_id": "2"}}})

    found = {user: rich.post("/v1/lookup", {"userId": user}).json() for user in ("ada", "ben", "cid")}
    assert [user for user, profile in found.items() if profile["experimentBucketMap"]] == left
