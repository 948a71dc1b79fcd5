"""What the log need not remember for ever: old client ids, and old commits that no spool names any more."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from events.models import Commit, SeenEvent

ROWS_AT_ONCE = 10_000


def forget(*, before: datetime) -> int:
    """Drop both from before that instant, in small transactions; answers how many rows went."""
    seen = SeenEvent.objects.filter(received_at__lt=before).order_by("received_at")
    return _drop(seen) + _drop(Commit.objects.filter(decided_at__lt=before).order_by("decided_at"))


def _drop(rows: QuerySet[Any]) -> int:
    dropped = 0
    while pks := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        dropped += rows.model._default_manager.filter(pk__in=pks).delete()[0]
    return dropped
