"""What was sampled so far, bucket by bucket, and whether the split is the designed one. Counted by the database."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet

from events.stats import sample_ratio
from experiments import buckets
from experiments.models import Experiment, Variation
from sampling.models import Sample

MOST_DATED = 200


@dataclass(frozen=True, slots=True)
class BucketCount:
    """Samples of one bucket (the first 200 by name tell when). Shares are 0..1.

    `share` is None for a bucket that the experiment does not have.
    """

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
    """Three narrow indexes instead of a walk over the rows: counts, outcomes, and each bucket's first and last."""
    samples = Sample.objects.filter(experiment=experiment)
    counted = samples.values("bucket").order_by("bucket")
    counts = counted.annotate(total=Count("*"), complete=Count("bucket", filter=Q(complete=True)))
    known = counted.filter(outcome__isnull=False)
    means: dict[str, Any] = {
        row["bucket"]: row for row in known.annotate(outcomes=Count("*"), outcome_mean=Avg("outcome"))
    }
    found = [BucketCount(**(means.get(row["bucket"], {}) | row)) for row in counts]
    return [replace(row, **_ends(samples, row.bucket)) for row in found[:MOST_DATED]] + found[MOST_DATED:]


def _ends(samples: QuerySet[Sample], bucket: str) -> dict[str, Any]:
    times = samples.filter(bucket=bucket).order_by("created_at", "id").values_list("created_at", flat=True)
    return {"first_at": times.first(), "last_at": times.last()}


def _ratio(counted: list[BucketCount], arms: list[Variation]) -> float | None:
    if not sum(arm.weight for arm in arms):
        return None
    return sample_ratio.p_value([row.total for row in counted], [float(arm.weight) for arm in arms])
