"""Arms that were being remembered in the very moment a publication changed the draw: the publisher could not see them.

Neither a decision nor a mark waits for a publisher; the keeper looks again a moment later.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from decisions import deciding, snapshots
from experiments.models import Publication
from users.assignments import USER
from users.models import Assignment

LATEST = timedelta(minutes=2)

Arm = tuple[int, str, int]


def note(*, now: datetime) -> None:
    """Experiments with an arm that differs from the draw, and are not read yet, are read from now on.

    Looked at are the arms of the last two minutes, where something was published within them.
    """
    recent = Publication.objects.filter(published_at__gt=now - LATEST).order_by("project")
    for project_id in recent.values_list("project", flat=True).distinct():
        _note(project_id, now)


def _note(project_id: int, now: datetime) -> None:
    snapshot = snapshots.at_least_stored(project_id)
    unread = {row.id for row in snapshot.experiments.values() if not row.remembers}
    for experiment_id, user_id, variation_id in _remembered_since(now - LATEST, unread):
        if experiment_id in unread and deciding.differs(snapshot, experiment_id, user_id, variation_id):
            unread.remove(experiment_id)
            deciding.read_remembered(project_id=project_id, experiment_id=experiment_id)


def _remembered_since(since: datetime, experiment_ids: Collection[int]) -> Iterator[Arm]:
    arms = Assignment.objects.filter(
        experiment_id__in=list(experiment_ids),
        unit_type=USER,
        variation__isnull=False,
        ended_at__isnull=True,
        assigned_at__gt=since,
    )
    return arms.order_by("id").values_list("experiment_id", "unit_id", "variation_id").iterator(2000)
