"""`POST /v1/track` (agent contract §1.4, §4.4)."""

from typing import Any

import pytest

from decisions.upstream import forwarding
from events.models import Event
from tests import builders
from tests.wire.agent.calling import Agent
from tests.wire.agent.hosting import Said, hosting
from users.models import ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


def track(agent: Agent, **fields: Any) -> Any:
    return agent.post("/v1/track?eventKey=purchase", {"userId": "user_1", **fields})


def test_conversion_is_stored_and_repeated(rich: Agent) -> None:
    tags = {"revenue": 4200, "value": 12.5, "category": "shoes", "nested": {"a": 1}}

    reply = track(rich, userAttributes={"country": "US"}, eventTags=tags)

    assert (reply.status, reply.text) == (200, '{"userId":"user_1","eventKey":"purchase"}\n')
    stored = Event.objects.get()
    assert (stored.kind, stored.key, stored.user_id) == ("conversion", "purchase", "user_1")
    assert (stored.revenue, stored.value) == (4200, 12.5)
    assert stored.payload == {"event_id": "ev1", "attributes": {"country": "US"}, "tags": tags}


@pytest.mark.parametrize(
    ("tags", "revenue", "value"),
    [
        ({"revenue": 42.9, "value": "12"}, 42, None),
        ({"revenue": "4200", "value": 0}, None, 0.0),
        ({"revenue": True, "value": False}, None, None),
        ({"revenue": 1e30}, None, None),
        (None, None, None),
    ],
)
def test_revenue_and_value_are_read_from_numbers_only(
    rich: Agent, tags: dict[str, Any] | None, revenue: int | None, value: float | None
) -> None:
    assert track(rich, eventTags=tags).status == 200

    stored = Event.objects.get()
    assert (stored.revenue, stored.value) == (revenue, value)


def test_unknown_event_is_told_and_not_stored(rich: Agent) -> None:
    reply = rich.post("/v1/track?eventKey=zz", {"userId": "user_1"})

    assert (reply.status, reply.json()["error"]) == (200, 'event with key "zz" not found')
    assert not Event.objects.exists()


def test_user_may_be_empty(rich: Agent) -> None:
    reply = rich.post("/v1/track?eventKey=purchase")

    assert (reply.status, reply.text) == (200, '{"userId":"","eventKey":"purchase"}\n')
    assert Event.objects.get().user_id == ""


def test_bad_body_is_told_before_the_missing_event_key(rich: Agent) -> None:
    bodies: list[Any] = ["{", {}]

    replies = [rich.post("/v1/track", body).json()["error"] for body in bodies]

    assert replies == ["error parsing request body", "missing required path parameter: eventKey"]


def test_event_of_an_alias_is_the_persons() -> None:
    project = builders.project(sdk_key="homekey")
    project.event_definitions.create(key="purchase")
    UserAlias.objects.create(alias="lovelace", user=ExperimentUser.objects.create(external_id="ada"))
    builders.republished(project)

    Agent("homekey").post("/v1/track?eventKey=purchase", {"userId": "lovelace"})

    assert Event.objects.get().user_id == "ada"


@pytest.mark.parametrize("user", ["a\x00b", "a" * 300])
def test_user_that_cannot_be_stored_is_refused(rich: Agent, user: str) -> None:
    reply = rich.post("/v1/track?eventKey=purchase", {"userId": user})

    assert (reply.status, list(reply.json())) == (400, ["error"])
    assert not Event.objects.exists()


def test_deep_tags_are_refused(rich: Agent) -> None:
    body = '{"userId":"a","eventTags":' + '{"a":' * 900 + "1" + "}" * 901

    assert rich.post("/v1/track?eventKey=purchase", body).status == 400
    assert not Event.objects.exists()


@pytest.mark.parametrize("depth", [230, 240, 247, 252])
def test_tags_however_deep_do_not_end_what_is_told_upstream(rich: Agent, settings: Any, depth: int) -> None:
    forwarding.outbox.cache_clear()
    settings.AGENT_EVENT_FLUSH_SECONDS = 0.0
    deep = '{"userId": "a", "eventTags": {"a": ' + "[" * depth + "]" * depth + "}}"
    with hosting(lambda asked: Said(204)) as upstream:
        settings.AGENT_EVENT_URL = f"{upstream.url}/events"

        statuses = [rich.post("/v1/track?eventKey=purchase", body).status for body in (deep, {"userId": "b"})]

        told = upstream.told("/events", sum(status == 200 for status in statuses))
    forwarding.outbox.cache_clear()
    assert statuses[0] in (200, 400)
    assert statuses[1] == 200
    assert sum(len(batch["visitors"]) for batch in told) == statuses.count(200)
