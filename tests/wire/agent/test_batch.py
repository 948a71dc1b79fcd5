"""`POST /v1/batch` (agent contract §1.6)."""

from typing import Any

import pytest

from events.models import Event
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db

HEADERS = {"X-Optimizely-SDK-Key": "RICHKEY1", "Content-Type": "application/json"}
USER = {"userId": "user_1"}


def operation(url: str, body: Any = None, method: str = "POST", **fields: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "operationID": "1", "body": body, "headers": HEADERS, **fields}


def run(*operations: dict[str, Any]) -> Any:
    reply = Agent().post("/v1/batch", {"operations": list(operations)})
    assert reply.status == 200
    return reply.json()


def test_each_operation_has_an_item(rich: Agent) -> None:
    decide = operation("/v1/decide", USER, params={"keys": "main_flag"}, operationID="a")
    track = operation("/v1/track?eventKey=purchase", USER, operationID="b")

    reply = run(decide, track)

    assert list(reply) == ["startedAt", "endedAt", "errorCount", "response"]
    first, second = reply["response"]
    assert list(first) == [
        "status", "requestID", "operationID", "method", "url", "body", "startedAt", "endedAt",
    ]  # fmt: skip
    assert (first["operationID"], first["method"], first["url"]) == ("a", "POST", "/v1/decide")
    assert first["body"] == rich.post("/v1/decide?keys=main_flag", USER).json()
    assert second["body"] == {"userId": "user_1", "eventKey": "purchase"}
    assert (reply["errorCount"], Event.objects.count()) == (0, 1)
    assert first["startedAt"].endswith("Z")
    assert len(first["requestID"]) == 36


def test_parameters_of_the_document_and_its_integer_id_are_read(rich: Agent) -> None:
    asked = operation(
        "/v1/activate", USER, parameters={"featureKey": "main_flag", "experimentKey": "ft_main"}, operationID=1
    )

    (item,) = run(asked)["response"]

    assert item["operationID"] == "1"
    assert {each["type"] for each in item["body"]} == {"feature", "experiment"}


def test_repeated_parameter_may_be_a_list(rich: Agent) -> None:
    (item,) = run(operation("/v1/decide", USER, parameters={"keys": ["main_flag", "no_rollout"]}))["response"]

    assert [each["flagKey"] for each in item["body"]] == ["main_flag", "no_rollout"]


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (operation("/v1/nope", {}), 404, None),
        (operation("/health", {}, "GET"), 404, None),
        (operation("/v1/batch", {"operations": []}), 404, None),
        (operation("/api/feature/current", {}, "GET"), 404, None),
        (operation("/v1/decide", {}, "GET"), 405, None),
        (operation("/v1/decide", USER, headers={"X-Optimizely-SDK-Key": "RICHKEY1"}), 415, None),
        (operation("/v1/override", USER), 403, None),
        (operation("/v1/decide", {}), 400, {"error": 'missing "userId" in request payload'}),
        (
            operation("/v1/config", {}, "GET", headers={}),
            400,
            {"error": "missing required X-Optimizely-SDK-Key header"},
        ),
        (operation("/v1/config", {}, "BAD METHOD"), 400, None),
        (operation("http://[::1", {}, "GET"), 400, None),
        (operation("/v1/config?x=%zz", {}, "GET"), 400, None),
        ({"url": "/v1/track"}, 400, {"error": "missing required X-Optimizely-SDK-Key header"}),
    ],
)
def test_failing_operation_is_an_item_like_any_other(
    rich: Agent, asked: dict[str, Any], status: int, body: Any
) -> None:
    reply = run(asked)

    (item,) = reply["response"]
    assert (item["status"], item["body"], reply["errorCount"]) == (status, body, 1)
    assert (item["requestID"] == "") is (body is None)


def test_empty_method_is_get(rich: Agent) -> None:
    (item,) = run(operation("/v1/config", {}, ""))["response"]

    assert (item["status"], item["body"]["sdkKey"]) == (200, "RICHKEY1")


def test_own_request_id_is_kept(rich: Agent) -> None:
    (item,) = run(operation("/v1/config", {}, "GET", headers={**HEADERS, "X-Request-Id": "rid-1"}))["response"]

    assert item["requestID"] == "rid-1"


@pytest.mark.parametrize("body", [{}, {"operations": []}, {"operations": None}])
def test_no_operations_end_never(db: None, body: Any) -> None:
    reply = Agent().post("/v1/batch", body)

    assert (reply.json()["endedAt"], reply.json()["response"]) == ("0001-01-01T00:00:00Z", [])


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", "null x", {"operations": {}}, {"operations": [{"url": 5}]},
        {"operations": [{"body": "x"}]}, {"operations": [{"params": {"a": 1}}]}, {"operations": [{"headers": [1]}]},
        {"operations": [{"operationID": {}}]},
    ],
)  # fmt: skip
def test_body_that_cannot_be_decoded_is_refused(db: None, body: Any) -> None:
    reply = Agent().post("/v1/batch", body)

    assert (reply.status, reply.text) == (400, '{"error": "cannot decode the operation body"}\n')


def test_too_many_operations_are_refused_and_none_is_run(rich: Agent, settings: Any) -> None:
    settings.AGENT_BATCH_LIMIT = 3

    reply = Agent().post("/v1/batch", {"operations": [operation("/v1/track?eventKey=purchase", USER)] * 4})

    assert reply.status == 422
    assert reply.json() == {"error": "too many operations, exceeding 3 operations"}
    assert not Event.objects.exists()


@pytest.mark.parametrize("path", ["/v1/batch", "/foo/BATCH", "/batch"])
def test_batch_is_taken_under_any_prefix_without_a_key(db: None, path: str) -> None:
    assert Agent().post(path, {"operations": []}).status == 200


def test_batch_is_posted_only(rich: Agent) -> None:
    assert (Agent().get("/v1/batch").status, rich.get("/v1/batch").status) == (400, 404)
    assert Agent().get("/foo/batch").text == "404 page not found\n"
