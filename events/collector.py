"""Batches as Optimizely's SDKs post them: impressions and conversions of several visitors (agent contract §4.4, §7).

Fields come in any order and some SDKs leave some out. `read` checks a batch, `rows` are what it tells.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from events import conversions
from events.ingest import NewEvent, NewExposure
from experiments import shapes
from experiments.errors import Invalid

Id = str | int | None
Arms = Callable[[str, str], tuple[int | None, int | None]]
"""From the datafile ids of an experiment and a variation to their rows, None for what has none."""

IMPRESSION = "campaign_activated"


class Attribute(msgspec.Struct):
    key: str | None = None
    value: Any = None
    entity_id: Id = None


class Metadata(msgspec.Struct):
    flag_key: str | None = None
    rule_key: str | None = None
    rule_type: str | None = None
    variation_key: str | None = None
    enabled: bool | None = None
    cmab_uuid: str | None = None


class Decision(msgspec.Struct):
    campaign_id: Id = None
    experiment_id: Id = None
    variation_id: Id = None
    metadata: Metadata | None = None


class Occurrence(msgspec.Struct):
    uuid: str
    timestamp: int | float
    entity_id: Id = None
    key: str | None = None
    tags: dict[str, Any] | None = None
    revenue: int | float | None = None
    value: int | float | None = None


class Moment(msgspec.Struct):
    """What the format calls a snapshot: decisions, if any, and the events that belong to them."""

    decisions: list[Decision] | None = None
    events: list[Occurrence] | None = None


class Visitor(msgspec.Struct):
    visitor_id: str
    snapshots: list[Moment] | None = None
    attributes: list[Attribute] | None = None


class Batch(msgspec.Struct):
    project_id: Id
    visitors: list[Visitor]
    account_id: Id = None
    revision: Id = None
    client_name: str | None = None
    client_version: str | None = None


def read(document: object) -> Batch:
    """A decoded batch. Raises Invalid with the path of the first fault."""
    try:
        return shapes.convert(document, Batch)
    except msgspec.ValidationError as fault:
        raise Invalid(str(fault)) from fault


def rows(batch: Batch, *, project_id: int, arms: Arms, source: str, now: datetime) -> Iterator[NewEvent | NewExposure]:
    """A row for every decision and every conversion, in the order of the batch. Raises Invalid for a bad time."""
    for visitor in batch.visitors:
        told = {
            "attributes": {each.key: each.value for each in visitor.attributes or () if each.key},
            "client": f"{batch.client_name or ''}/{batch.client_version or ''}",
        }
        common = {"project_id": project_id, "source": source, "user_id": visitor.visitor_id, "received_at": now}
        for moment in visitor.snapshots or ():
            for occurrence in moment.events or ():
                common["occurred_at"] = _instant(occurrence.timestamp)
                if moment.decisions:
                    yield from _exposures(moment.decisions, occurrence, arms, common, told)
                else:
                    yield _conversion(occurrence, common, told)


def _exposures(
    decisions: list[Decision], occurrence: Occurrence, arms: Arms, common: dict[str, Any], told: Mapping[str, Any]
) -> Iterator[NewExposure]:
    """One row per decision; a second decision of the same event has an id of its own."""
    for position, decision in enumerate(decisions):
        metadata = decision.metadata or Metadata()
        experiment_id, variation_id = arms(_text(decision.experiment_id), _text(decision.variation_id))
        yield NewExposure(
            **common,
            experiment_id=experiment_id,
            variation_id=variation_id,
            flag_key=metadata.flag_key or "",
            rule_key=metadata.rule_key or "",
            rule_type=(metadata.rule_type or "")[:16],
            variation_key=metadata.variation_key or "",
            uuid=occurrence.uuid if position == 0 else f"{occurrence.uuid}-{position}",
            payload={
                "campaign_id": _text(decision.campaign_id),
                "experiment_id": _text(decision.experiment_id),
                "variation_id": _text(decision.variation_id),
                "enabled": metadata.enabled,
                **({"cmab_uuid": metadata.cmab_uuid} if metadata.cmab_uuid else {}),
                **told,
            },
        )


def _conversion(occurrence: Occurrence, common: dict[str, Any], told: Mapping[str, Any]) -> NewEvent:
    tags = {"revenue": occurrence.revenue, "value": occurrence.value}
    return NewEvent(
        **common,
        kind=conversions.KIND,
        key=occurrence.key or "",
        uuid=occurrence.uuid,
        revenue=conversions.revenue_of(tags),
        value=conversions.value_of(tags),
        payload={
            "event_id": _text(occurrence.entity_id),
            **({"tags": occurrence.tags} if occurrence.tags else {}),
            **told,
        },
    )


def _text(value: Id) -> str:
    return "" if value is None else str(value)


def _instant(milliseconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise Invalid("timestamp is no time in milliseconds", field="timestamp") from fault
