"""`POST /v1/lookup` and `POST /v1/save`: a person's profile (agent contract §1.4, §4.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.agent.keys import PROFILE_SERVICE, service_named
from config.wire.message import Answer, Request
from decisions.agent import profiles
from decisions.api.agent.shapes import LookupBody, SaveBody, user_in
from decisions.compile import Snapshot
from decisions.engine import gojson

NO_SERVICE = "no user profile service found"


@agent.post
def lookup(request: Request, snapshot: Snapshot) -> Answer:
    """`{"userId", "experimentBucketMap"}`; the map is empty for a person nothing is known of."""
    service = _require_service(request, snapshot)
    asked = agent.read(request, LookupBody)
    user_id = user_in(asked)
    arms = profiles.lookup(snapshot, user_id, service=service)
    bucket_map = gojson.dumps({experiment: {"variation_id": arm} for experiment, arm in arms.items()})
    return agent.ok(b'{"userId":' + gojson.dumps(user_id) + b',"experimentBucketMap":' + bucket_map + b"}")


@agent.post
def save(request: Request, snapshot: Snapshot) -> Answer:
    """Replace the whole profile; the answer is empty and has no content type."""
    service = _require_service(request, snapshot)
    asked = agent.read(request, SaveBody)
    user_id = user_in(asked)
    arms = _arms(asked.experimentBucketMap or {})
    profiles.save(snapshot, user_id, arms, now=datetime.now(UTC), service=service)
    return Answer(200, b"", "")


def _require_service(request: Request, snapshot: Snapshot) -> str | None:
    """The service the client names, None for the configured one. Asked before the body is read."""
    service = service_named(request, PROFILE_SERVICE)
    if not profiles.is_kept(snapshot, service=service):
        raise Refused(500, NO_SERVICE)
    return service


def _arms(bucket_map: Mapping[str, Any]) -> dict[str, str]:
    """Entries that are no objects are skipped; an object without a text `variation_id` refuses the profile."""
    entries = {experiment: entry for experiment, entry in bucket_map.items() if isinstance(entry, dict)}
    for entry in entries.values():
        if not isinstance(entry.get("variation_id"), str):
            raise Refused(400, "variation_id must be a string")
    return {experiment: entry["variation_id"] for experiment, entry in entries.items()}


class Lookup(AgentDoor):
    lookup = described(lookup, takes=LookupBody)


class Save(AgentDoor):
    save = described(save, takes=SaveBody)
