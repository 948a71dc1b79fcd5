"""Named reads of the sampling room, ordered and with what they show already fetched."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from experiments.errors import NotFound
from experiments.models import Experiment
from experiments.selectors import comparisons
from sampling.models import Condition, Criterion, Sample


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


def samples(*, experiment: Experiment) -> QuerySet[Sample]:
    """An experiment's samples, newest first."""
    return Sample.objects.filter(experiment=experiment).order_by("-created_at", "-id")
