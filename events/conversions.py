"""Conversions: something a person did that a metric may count. `revenue` and `value` are read from the tags."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from events.ingest import NewEvent

KIND = "conversion"
LARGEST = 2**63


def new(
    *,
    project_id: int,
    event_id: str,
    event_key: str,
    user_id: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, Any] | None,
    source: str,
    now: datetime,
) -> NewEvent:
    """The row of one conversion."""
    return NewEvent(
        project_id=project_id,
        source=source,
        kind=KIND,
        key=event_key,
        user_id=user_id,
        occurred_at=now,
        received_at=now,
        value=value_of(tags),
        revenue=revenue_of(tags),
        payload={
            "event_id": event_id,
            "attributes": attributes,
            **({"tags": tags} if tags else {}),
        },
    )


def revenue_of(tags: Mapping[str, Any] | None) -> int | None:
    """The tag `revenue` when it is a number, truncated (agent contract §4.4)."""
    number = _number(tags, "revenue")
    return int(number) if number is not None and abs(number) < LARGEST else None


def value_of(tags: Mapping[str, Any] | None) -> float | None:
    """The tag `value` when it is a number."""
    number = _number(tags, "value")
    return None if number is None else float(number)


def _number(tags: Mapping[str, Any] | None, name: str) -> int | float | None:
    found = (tags or {}).get(name)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
