"""Test Lab's events: what a recorded user did while a variant was shown (testlab contract §2.4).

Writing and erasing; lists are in `events/selectors.py`, what they amount to in `events/analysis.py`. Whether variant
and user exist is for `decisions.lab.recording` to know.
"""

from collections.abc import Sequence
from datetime import datetime

from events import ingest
from events.ingest import NewEvent
from events.models import Event

KIND = "testlab"


def store(
    *, project_id: int, experiment_id: int, variation_id: int, user_id: str, occurred_at: datetime, now: datetime
) -> None:
    """Store one event; returns once it is safe. Raises Invalid and Unavailable as `ingest.store` does."""
    event = NewEvent(
        project_id=project_id,
        source=KIND,
        kind=KIND,
        key="",
        user_id=user_id,
        occurred_at=occurred_at,
        received_at=now,
        experiment_id=experiment_id,
        variation_id=variation_id,
    )
    ingest.store([event])


def erase(*, project_id: int, user_ids: Sequence[str]) -> None:
    """Delete a project's events of a person, as a client asks when it deletes its user."""
    Event.objects.filter(project_id=project_id, user_id__in=user_ids, kind=KIND).delete()
