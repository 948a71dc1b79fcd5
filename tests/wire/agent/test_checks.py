"""The order in which a request is examined: host, key, route, verb, content type, the rest (agent contract §1.1)."""

from typing import Any

import pytest
from django.test import Client

from config.wire.agent import capacity
from config.wire.message import BROKEN
from experiments import access
from experiments.models import Project
from tests import builders
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db

MISSING = {"error": "missing required X-Optimizely-SDK-Key header"}
FORBIDDEN = {
    "error": "unable to fetch fresh datafile (consider rechecking SDK key), status code: 403 Forbidden",
}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nope"), ("GET", "/v1/decide"), ("POST", "/v1/decide"), ("GET", "/v1/a%0Ab")]
)
def test_missing_key_is_told_before_route_and_verb(method: str, path: str) -> None:
    reply = Agent().call(method, path, None, {})

    assert (reply.status, reply.json()) == (400, MISSING)


@pytest.mark.parametrize("key", ["bad-key", "a b", "a:b:c", ":a", "a:", "a\n", "é"])
def test_malformed_key_is_refused(key: str) -> None:
    reply = Agent(key).get("/v1/config")

    assert (reply.status, reply.json()) == (400, {"error": "sdkKey failed validation"})


def test_unknown_key_is_forbidden() -> None:
    reply = Agent("nobody").get("/v1/nope")

    assert (reply.status, reply.json()) == (403, FORBIDDEN)


def test_closed_projects_are_unknown() -> None:
    builders.project(sdk_key="closed", active=False)
    builders.project(key="school", sdk_key="schoolkey", dialects=["upgrade"])

    assert [Agent(key).get("/v1/config").status for key in ("closed", "schoolkey")] == [403, 403]


def test_guarded_project_needs_its_token_behind_the_key() -> None:
    builders.project(sdk_key="homekey", access_token_hash=access.hash_of("t0ken"))

    replies = [Agent(key).get("/v1/config").status for key in ("homekey", "homekey:wrong", "homekey:t0ken")]

    assert replies == [403, 403, 200]


def test_unguarded_project_takes_any_token() -> None:
    builders.project(sdk_key="homekey")

    assert Agent("homekey:whatever").get("/v1/config").status == 200


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nope", "/v1/decide/", "/v1/config/x", "/v1/a%0Ab"])
def test_unknown_path_is_plain_text(rich: Agent, path: str) -> None:
    reply = rich.get(path)

    assert (reply.status, reply.text) == (404, "404 page not found\n")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_verbs_are_named_in_allow(rich: Agent, method: str) -> None:
    reply = rich.call(method, "/v1/decide", None, {})

    assert (reply.status, reply.text, reply.headers["Allow"]) == (405, "", "POST")
    assert "Content-Type" not in reply.headers


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_body_of_another_content_type_is_refused_in_silence(rich: Agent, content_type: str) -> None:
    reply = rich.post("/v1/override", {"a": 1}, Content_Type=content_type)

    assert (reply.status, reply.text) == (415, "")


def test_content_type_is_told_before_the_size(rich: Agent, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000

    statuses = [
        rich.post("/v1/save", "x" * 2000, Content_Type=each).status for each in ("text/plain", "application/json")
    ]

    assert statuses == [415, 413]


def test_content_type_is_read_in_any_case_and_with_parameters(rich: Agent) -> None:
    reply = rich.post("/v1/decide?keys=x", {"userId": "a"}, Content_Type="Application/JSON ; charset=utf-8")

    assert reply.status == 200


def test_empty_body_needs_no_content_type(rich: Agent) -> None:
    reply = rich.post("/v1/decide")

    assert (reply.status, reply.json()) == (400, {"error": 'missing "userId" in request payload'})


def test_accept_header_is_never_negotiated(rich: Agent) -> None:
    reply = rich.get("/v1/config", Accept="text/html")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; charset=utf-8")


def test_request_id_is_echoed_or_made(rich: Agent) -> None:
    echoed = rich.get("/v1/nope", X_Request_Id="my-id")
    made = [rich.get("/v1/config").headers["X-Request-Id"] for _ in range(2)]

    assert echoed.headers["X-Request-Id"] == "my-id"
    assert len(set(made)) == 2
    assert len(made[0]) == 36


def test_foreign_host_is_refused_before_the_key(rich: Agent, settings: Any) -> None:
    settings.AGENT_ALLOWED_HOSTS = ["localhost", ".example.com"]

    asked = ["localhost:8080", "a.example.com", "example.com", "evil.test", "localhost.evil.test"]

    assert [rich.get("/v1/config", X_Forwarded_Host=host).status for host in asked] == [200, 200, 404, 404, 404]
    refused = Agent().get("/v1/config", X_Forwarded_Host="evil.test")
    assert refused.json() == {"error": "invalid request host"}
    assert "X-Request-Id" not in refused.headers


def test_forwarded_header_names_the_host(rich: Agent, settings: Any) -> None:
    settings.AGENT_ALLOWED_HOSTS = ["good.test"]

    assert rich.get("/v1/config", Forwarded="for=1.2.3.4;host=good.test;proto=https").status == 200


def test_both_doors_know_the_same_hosts(rich: Agent, settings: Any) -> None:
    settings.ALLOWED_HOSTS = settings.AGENT_ALLOWED_HOSTS = ["good.test"]
    asked = ("/v1/config", "/v1/nope", "/info")

    foreign = [rich.get(path, Host="10.0.0.1:8080") for path in asked]
    forwarded = [rich.get(path, Host="10.0.0.1:8080", X_Forwarded_Host="good.test").status for path in asked]

    assert [(reply.status, reply.json()) for reply in foreign] == [(404, {"error": "invalid request host"})] * 3
    assert forwarded == [200, 404, 200]


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/", 400), ("/admin/login/", 400)])
def test_health_is_told_to_every_host_and_pages_are_not(db: None, settings: Any, path: str, status: int) -> None:
    settings.ALLOWED_HOSTS = ["good.test"]

    assert Agent().get(path, Host="10.0.0.1:8080").status == status


@pytest.mark.parametrize("path", ["/any/health", "/HEALTH", "/v1/health", "/v1/x/Health"])
def test_health_is_told_under_any_prefix_to_whoever_asks(db: None, settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = settings.AGENT_ALLOWED_HOSTS = ["good.test"]

    reply = Agent().get(path, Host="10.0.0.1:8080")

    assert (reply.status, reply.json()) == (200, {"status": "healthy"})


def test_health_is_no_route_for_other_verbs(rich: Agent) -> None:
    assert [rich.call(verb, "/v1/health", None, {}).status for verb in ("HEAD", "POST")] == [404, 404]
    assert Agent().post("/v1/health").status == 400
    assert Agent().post("/any/health").text == "404 page not found\n"


@pytest.mark.parametrize("path", ["/v1/lookup", "/v1/decide"])
def test_fault_of_ours_is_told_alike_on_both_doors(rich: Agent, settings: Any, path: str) -> None:
    settings.AGENT_PROFILES = {"default": "redis", "services": {"redis": {}}}  # it lacks the host
    headers = {"X-Optimizely-SDK-Key": "RICHKEY1"}
    client = Client(raise_request_exception=False, headers=headers)

    page = client.post(path, {"userId": "ada"}, content_type="application/json")

    assert (page.status_code, page.content) == (500, BROKEN.body)
    assert page.headers["Content-Type"] == BROKEN.content_type


def test_key_of_a_removed_project_is_unknown(rich: Agent) -> None:
    Project.objects.all().delete()

    assert rich.get("/v1/config").status == 403


def test_requests_beyond_the_capacity_of_a_key_are_refused(rich: Agent, holdouts: Agent, settings: Any) -> None:
    settings.AGENT_MAX_CONNS = 1

    with capacity.taken("RICHKEY1", 1):
        full, other = rich.get("/v1/config"), holdouts.get("/v1/config")
    after = rich.get("/v1/config")

    assert (full.status, full.text) == (429, "Server capacity exceeded.\n")
    assert (other.status, after.status) == (200, 200)
