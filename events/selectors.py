"""Named reads of the log, ordered by id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from events.models import Event, Exposure
from events.responses import KIND
from experiments.models import Variation


@dataclass(frozen=True, slots=True)
class Response:
    """An event that a Test Lab client sent."""

    id: int
    variation_id: int
    user_id: str
    occurred_at: datetime


def responses(
    *,
    project_id: int,
    feature_id: int | None = None,
    after: int = 0,
    since: datetime | None = None,
    limit: int | None = None,
) -> Iterator[Response]:
    """Test Lab's events, by id, of the variants that there still are; of one feature when `feature_id` is given."""
    rows = Event.objects.filter(
        project_id=project_id, kind=KIND, pk__gt=after, variation_id__in=_arms(project_id, feature_id).values("pk")
    )
    rows = rows if since is None else rows.filter(occurred_at__gte=since)
    columns = rows.order_by("pk").values_list("pk", "variation_id", "user_id", "occurred_at")
    for row_id, variation_id, user_id, occurred_at in columns[:limit].iterator(chunk_size=2000):
        assert variation_id is not None, "the query asks for variants"
        yield Response(row_id, variation_id, user_id, occurred_at)


def _arms(project_id: int, feature_id: int | None) -> QuerySet[Variation]:
    arms = Variation.objects.filter(experiment__project_id=project_id)
    return arms if feature_id is None else arms.filter(experiment__flag_rules__flag_id=feature_id)


def met_at_points(*, experiment_id: int, user_ids: Sequence[str]) -> Iterator[tuple[str, tuple[str, str], datetime]]:
    """Where these people met their arms of an experiment and when, as (person, (site, target), time), by time."""
    rows = Exposure.objects.filter(experiment_id=experiment_id, user_id__in=user_ids, payload__has_key="site")
    for user_id, payload, at in rows.order_by("occurred_at", "pk").values_list("user_id", "payload", "occurred_at"):
        yield user_id, (payload["site"], payload["target"]), at
