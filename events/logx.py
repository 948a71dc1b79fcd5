"""Impressions and conversions as Optimizely's own collectors read them (agent contract §4.4), and the queue to one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from events import outgoing
from events.collector import IMPRESSION
from events.ingest import NewEvent, NewExposure
from events.outbox import Outbox

SECONDS = 10.0
EXACT = 2**53
BOT_FILTERING = "$opt_bot_filtering"


@dataclass(frozen=True, slots=True)
class Destination:
    """A collector, and whose events it gets: what a batch says of its project, once."""

    url: str
    account_id: str
    project_id: str
    revision: str
    region: str
    anonymize_ip: bool
    client_name: str
    client_version: str


def visitor(row: NewEvent | NewExposure, *, attribute_ids: Mapping[str, str], bot_filtering: bool) -> dict[str, Any]:
    """One row as a visitor of a batch. Only attributes the project knows, or SDKs reserve, are told."""
    told = row.payload.get("attributes") or {}
    attributes = [
        {"value": _doubled(value), "key": key, "type": "custom", "entity_id": attribute_ids.get(key, key)}
        for key, value in told.items()
        if (key in attribute_ids or key.startswith("$opt_")) and _is_plain(value)
    ]
    attributes.append({"value": bot_filtering, "key": BOT_FILTERING, "type": "custom", "entity_id": BOT_FILTERING})
    snapshot = _impression(row) if isinstance(row, NewExposure) else _conversion(row)
    return {"attributes": attributes, "snapshots": [snapshot], "visitor_id": row.user_id}


def _is_plain(value: object) -> bool:
    """Texts, truths, and numbers that a double holds exactly."""
    if isinstance(value, bool | str):
        return True
    return isinstance(value, int | float) and math.isfinite(value) and abs(float(value)) <= EXACT


def _doubled(value: Any) -> Any:
    """A whole number as the double next to it: the original knows no others."""
    return int(float(value)) if isinstance(value, int) and not isinstance(value, bool) else value


def _impression(row: NewExposure) -> dict[str, Any]:
    campaign_id = row.payload.get("campaign_id", "")
    metadata = {
        "flag_key": row.flag_key,
        "rule_key": row.rule_key,
        "rule_type": row.rule_type,
        "variation_key": row.variation_key,
        "enabled": bool(row.payload.get("enabled")),
    }
    if row.payload.get("cmab_uuid"):
        metadata["cmab_uuid"] = row.payload["cmab_uuid"]
    decision = {
        "variation_id": row.payload.get("variation_id", ""),
        "campaign_id": campaign_id,
        "experiment_id": row.payload.get("experiment_id", ""),
        "metadata": metadata,
    }
    event = {"entity_id": campaign_id, "key": IMPRESSION, **_moment(row)}
    return {"decisions": [decision], "events": [event]}


def _conversion(row: NewEvent) -> dict[str, Any]:
    event: dict[str, Any] = {"entity_id": row.payload.get("event_id", ""), "key": row.key, **_moment(row)}
    if row.payload.get("tags"):
        event["tags"] = row.payload["tags"]
    if row.revenue is not None:
        event["revenue"] = row.revenue
    if row.value is not None:
        event["value"] = row.value
    return {"events": [event]}


def _moment(row: NewEvent | NewExposure) -> dict[str, Any]:
    return {"timestamp": int(row.occurred_at.timestamp() * 1000), "uuid": row.uuid or str(uuid4())}


def batch(destination: Destination, visitors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "revision": destination.revision,
        "account_id": destination.account_id,
        "client_version": destination.client_version,
        "visitors": list(visitors),
        "project_id": destination.project_id,
        "client_name": destination.client_name,
        "anonymize_ip": destination.anonymize_ip,
        "enrich_decisions": True,
        "region": destination.region,
    }


def deliver(destination: Destination, visitors: Sequence[Any]) -> bool:
    """Post one batch; only 204 means that it arrived."""
    try:
        status, _ = outgoing.post(destination.url, batch(destination, visitors), seconds=SECONDS)
    except outgoing.Unreachable:
        return False
    return status == 204


def new_outbox(*, batch_size: int, flush_seconds: float, queue_size: int) -> Outbox:
    return Outbox("events", deliver, batch_size=batch_size, flush_seconds=flush_seconds, queue_size=queue_size)
