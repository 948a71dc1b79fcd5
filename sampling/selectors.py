"""Named reads of the sampling room, ordered and with what they show already fetched."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from experiments.errors import NotFound
from experiments.models import Experiment
from experiments.selectors import comparisons
from sampling.models import Condition, Criterion, Sample

NO_FILTERS: Mapping[str, object] = {}


def criteria(*, experiment: Experiment | None = None) -> QuerySet[Criterion]:
    """Criteria with their conditions, oldest first; those of every service without an experiment."""
    inside = {"experiment__in": comparisons()} if experiment is None else {"experiment": experiment}
    return (
        Criterion.objects.filter(**inside)
        .select_related("experiment")
        .prefetch_related(Prefetch("conditions", queryset=Condition.objects.order_by("created_at", "id")))
        .order_by("created_at", "id")
    )


def criterion(*, uid: UUID, experiment_uid: UUID | None = None) -> Criterion:
    """The criterion, inside that experiment when one is named. Raises NotFound."""
    rows = criteria() if experiment_uid is None else criteria().filter(experiment__uid=experiment_uid)
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("criterion", uid)
    return found


def condition(*, uid: UUID, criterion: Criterion) -> Condition:
    """Raises NotFound."""
    found = Condition.objects.filter(criterion=criterion, uid=uid).first()
    if found is None:
        raise NotFound("condition", uid)
    return found


class SampleRow(NamedTuple):
    """A sample as lists show it; ten thousand of these cost a tenth of as many model instances.

    `pk` is 0 in one that was made a moment ago.
    """

    uid: UUID
    entity: str
    value: str
    bucket: str
    complete: bool
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    pk: int = 0


def rows(samples: QuerySet[Sample]) -> list[SampleRow]:
    return [SampleRow(*row) for row in samples.values_list(*SampleRow._fields)]


def samples(*, experiment: Experiment, filters: Mapping[str, object] = NO_FILTERS) -> QuerySet[Sample]:
    """An experiment's samples, newest first, those that pass look-ups such as `{"bucket": "control"}`."""
    return Sample.objects.filter(experiment=experiment, **filters).order_by("-created_at", "-id")


def sample(*, uid: UUID, experiment: Experiment) -> Sample:
    """Raises NotFound."""
    found = Sample.objects.filter(experiment=experiment, uid=uid).first()
    if found is None:
        raise NotFound("sample", uid)
    return found
