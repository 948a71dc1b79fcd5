"""Events for a customer data platform: their shape, and the queue to its host (agent contract §4.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from events import outgoing
from events.outbox import Outbox
from experiments.errors import Invalid, Unavailable

SECONDS = 10.0
USER = "fs_user_id"
SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Platform:
    """Where events go, the key that is sent along, and as whom they are sent."""

    host: str
    public_key: str
    source: str
    version: str


def identified(platform: Platform, user_id: str) -> bool:
    """Tell that a person was seen; False when the queue is full."""
    event = _event("fullstack", "identified", {USER: user_id}, {}, platform)
    return _outbox.offer(platform, event)


def send(
    platform: Platform, *, type: str, action: str, identifiers: Mapping[str, str], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Queue an event and answer it as it is sent. Raises Invalid for data that is no plain value, and Unavailable."""
    if not all(isinstance(value, SCALARS) for value in data.values()):
        raise Invalid("ODP data is not valid", field="data")
    event = _event(type or "fullstack", action, identifiers, data, platform)
    if not _outbox.offer(platform, event):
        raise Unavailable("ODP EventQueue is full")
    return event


def _event(
    type: str, action: str, identifiers: Mapping[str, str], data: Mapping[str, Any], platform: Platform
) -> dict[str, Any]:
    own = {
        "idempotence_id": str(uuid4()),
        "data_source_type": "sdk",
        "data_source": platform.source,
        "data_source_version": platform.version,
    }
    named = {_identifier(name): value for name, value in identifiers.items()}
    return {"type": type, "action": action, "identifiers": named, "data": {**own, **data}}


def _identifier(name: str) -> str:
    return USER if name.lower().replace("-", "_") == USER else name


def _deliver(platform: Platform, events: Sequence[Any]) -> bool:
    url = f"{platform.host.rstrip('/')}/v3/events"
    try:
        status, _ = outgoing.post(url, list(events), seconds=SECONDS, headers={"x-api-key": platform.public_key})
    except outgoing.Unreachable:
        return False
    return status < 500


_outbox = Outbox("ODP", _deliver, batch_size=10, flush_seconds=1.0, queue_size=10_000)
