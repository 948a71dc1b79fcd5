"""Rows for the log, keyword-only: what a test does not name has a plain default."""

from typing import Any

from events.ingest import NewEvent, NewExposure
from tests.builders import NOW


def event(**fields: Any) -> NewEvent:
    plain = {"project_id": 1, "source": "agent", "kind": "conversion", "key": "purchase", "user_id": "ada"}
    return NewEvent(**{**plain, "occurred_at": NOW, "received_at": NOW, **fields})


def exposure(**fields: Any) -> NewExposure:
    plain = {"project_id": 1, "source": "agent", "user_id": "ada", "experiment_id": 7, "variation_id": 70}
    return NewExposure(**{**plain, "occurred_at": NOW, "received_at": NOW, **fields})
