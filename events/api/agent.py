"""The Agent's routes that report something: `track`, `send-odp-event`, and the collector that SDKs post to."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.message import Answer, Request, from_django, to_django_stream
from decisions.agent import tracking
from decisions.compile import Snapshot
from decisions.engine import gojson
from decisions.upstream import platforms
from events import odp
from experiments.errors import DomainError

SOURCE = "agent"
STREAM_REFUSED = agent.text(403, "Notification stream not enabled")
STREAM_OPENED = Answer(200, b"", "text/event-stream", (("Cache-Control", "no-cache"),))


class TrackBody(msgspec.Struct):
    userId: str | None = None
    userAttributes: dict[str, Any] | None = None
    eventTags: dict[str, Any] | None = None


class OdpBody(msgspec.Struct):
    type: str | None = None
    action: str | None = None
    identifiers: dict[str, str | None] | None = None
    data: dict[str, Any] | None = None


@agent.post
def track(request: Request, snapshot: Snapshot) -> Answer:
    """Store a conversion and answer once it is committed; an event the project does not know is not stored."""
    asked = agent.read(request, TrackBody)
    event_key = request.value("eventKey")
    if not event_key:
        raise Refused(400, "missing required path parameter: eventKey")
    user_id = asked.userId or ""
    fields = {"userId": user_id, "eventKey": event_key}
    is_known = tracking.track(
        snapshot,
        user_id=user_id,
        event_key=event_key,
        attributes=asked.userAttributes or {},
        tags=asked.eventTags,
        source=SOURCE,
        now=datetime.now(UTC),
    )
    if not is_known:
        fields["error"] = f'event with key "{event_key}" not found'
    return agent.ok(gojson.obj((name, gojson.dumps(value)) for name, value in fields.items()))


@agent.post
def send_odp_event(request: Request, snapshot: Snapshot) -> Answer:
    """Queue an event for the project's customer data platform."""
    asked = agent.read(request, OdpBody)
    if not asked.action:
        raise Refused(400, 'missing "action" in request payload')
    if not asked.identifiers:
        raise Refused(400, 'missing or empty "identifiers" in request payload')
    try:
        odp.send(
            platforms.of_project(snapshot),
            type=asked.type or "",
            action=asked.action,
            identifiers={name: value or "" for name, value in asked.identifiers.items()},
            data=asked.data or {},
        )
    except DomainError as refusal:
        raise Refused(500, str(refusal)) from refusal
    return agent.ok(b'{"success":true}')


def _collect(request: Request) -> Answer:
    """Batches of impressions and conversions from any Optimizely SDK: 204 once they are committed."""
    tracking.collect(agent.document(request.body), source=SOURCE, now=datetime.now(UTC))
    return Answer(204, b"", "")


collect = agent.open_to_browsers("POST", _collect)


@agent.get
def event_stream(request: Request, snapshot: Snapshot) -> Answer:
    """Notifications as they happen; refused unless they are switched on."""
    return agent.relayed(request) if settings.AGENT_NOTIFICATIONS else STREAM_REFUSED


@agent.get
def subscription(request: Request, snapshot: Snapshot) -> Answer:
    """Whether this request may have a stream: what the streams process asks before it opens one."""
    return STREAM_OPENED if settings.AGENT_NOTIFICATIONS else STREAM_REFUSED


class EventStream(AgentDoor):
    event_stream = described(event_stream)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return to_django_stream(event_stream(from_django(request)))


class Track(AgentDoor):
    track = described(track, takes=TrackBody, query=("eventKey",))


class SendOdpEvent(AgentDoor):
    send_odp_event = described(send_odp_event, takes=OdpBody)


class Collector(AgentDoor):
    collect = described(collect, keyed=False)
