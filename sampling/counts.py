"""What was sampled so far, bucket by bucket, and whether the split is the designed one. Counted by the database."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Avg, Count, Max, Min, Q

from events.stats import sample_ratio
from experiments import buckets
from experiments.models import Experiment, Variation
from sampling.models import Sample


@dataclass(frozen=True, slots=True)
class BucketCount:
    """Samples of one bucket. Shares are 0..1; `share` is None for a bucket that the experiment does not have."""

    bucket: str
    share: float | None = None
    total: int = 0
    complete: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    outcomes: int = 0
    outcome_mean: float | None = None

    @property
    def completion_rate(self) -> float | None:
        return self.complete / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Counts:
    """`sample_ratio_p` compares the experiment's own buckets with their shares; None with nothing to compare."""

    buckets: tuple[BucketCount, ...]
    sample_ratio_p: float | None


def count(*, experiment: Experiment) -> Counts:
    """Every bucket of the experiment, oldest first, then what samples call otherwise, by name."""
    found = {row.bucket: row for row in _grouped(experiment)}
    arms = list(buckets.of(experiment=experiment))
    own = [replace(found.pop(arm.key, BucketCount(arm.key)), share=float(arm.weight)) for arm in arms]
    others = found.values()
    return Counts((*own, *others), _ratio(own, arms))


def _grouped(experiment: Experiment) -> list[BucketCount]:
    rows = Sample.objects.filter(experiment=experiment).values("bucket").order_by("bucket")
    found = rows.annotate(
        total=Count("id"),
        complete=Count("id", filter=Q(complete=True)),
        first_at=Min("created_at"),
        last_at=Max("created_at"),
        outcomes=Count("outcome"),
        outcome_mean=Avg("outcome"),
    )
    return [BucketCount(**row) for row in found]


def _ratio(counted: list[BucketCount], arms: list[Variation]) -> float | None:
    if not sum(arm.weight for arm in arms):
        return None
    return sample_ratio.p_value([row.total for row in counted], [float(arm.weight) for arm in arms])
