"""What was sampled so far, bucket by bucket, and whether the split is the designed one. Counted by the database."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Value

from events.stats import means, proportions, sample_ratio
from events.stats.means import Mean
from events.stats.proportions import Comparison, Proportion
from experiments import buckets
from experiments.models import Experiment, Variation
from sampling.models import Sample

MOST_DATED = 200


@dataclass(frozen=True, slots=True)
class BucketCount:
    """Samples of one bucket (the first 200 by name tell when). Shares are 0..1.

    `share` is None for a bucket that the experiment does not have. `completion` and `outcome` compare the rate of
    completed samples, and the mean outcome, with those of the control, which itself has neither.
    """

    bucket: str
    share: float | None = None
    total: int = 0
    complete: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    outcomes: int = 0
    outcome_mean: float | None = None
    outcome_variance: float | None = None
    completion: Comparison | None = None
    outcome: Comparison | None = None

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
    control = next((row for row, arm in zip(own, arms, strict=True) if arm.is_control), own[0] if own else None)
    compared = [row if control is None or row is control else _compared(control, row) for row in own]
    return Counts((*compared, *found.values()), _ratio(own, arms))


def _compared(control: BucketCount, row: BucketCount) -> BucketCount:
    rates = [Proportion(each.complete, each.total) for each in (control, row)]
    values = [Mean(each.outcomes, each.outcome_mean or 0.0, each.outcome_variance or 0.0) for each in (control, row)]
    return replace(row, completion=proportions.compare(*rates), outcome=means.compare(*values))


def _grouped(experiment: Experiment) -> list[BucketCount]:
    """Three narrow indexes instead of a walk over the rows: counts, outcomes, and each bucket's first and last."""
    samples = Sample.objects.filter(experiment=experiment)
    counted = samples.values("bucket").order_by("bucket")
    counts = counted.annotate(total=Count("*"), complete=Count("bucket", filter=Q(complete=True)))
    outcomes: dict[str, Any] = _outcomes(counted.filter(outcome__isnull=False))
    found = [BucketCount(**(outcomes.get(row["bucket"], {}) | row)) for row in counts]
    return [replace(row, **_ends(samples, row.bucket)) for row in found[:MOST_DATED]] + found[MOST_DATED:]


def _outcomes(known: QuerySet[Sample, Any]) -> dict[str, dict[str, Any]]:
    """Count, mean and sample variance of each bucket's outcomes, in one walk over a narrow index.

    Sums are of distances from one of them: squares of large numbers close to each other would cancel out.
    """
    origin = known.values_list("outcome", flat=True).first() or 0.0
    away = F("outcome") - Value(origin)
    rows = known.annotate(n=Count("*"), total=Sum(away), squares=Sum(away * away))
    return {row["bucket"]: _summary(row["n"], origin, row["total"], row["squares"]) for row in rows}


def _summary(count: int, origin: float, total: float, squares: float) -> dict[str, Any]:
    mean = total / count
    variance = max(squares - count * mean * mean, 0.0) / (count - 1) if count > 1 else None
    return {"outcomes": count, "outcome_mean": origin + mean, "outcome_variance": variance}


def _ends(samples: QuerySet[Sample], bucket: str) -> dict[str, Any]:
    times = samples.filter(bucket=bucket).order_by("created_at", "id").values_list("created_at", flat=True)
    return {"first_at": times.first(), "last_at": times.last()}


def _ratio(counted: list[BucketCount], arms: list[Variation]) -> float | None:
    if not sum(arm.weight for arm in arms):
        return None
    return sample_ratio.p_value([row.total for row in counted], [float(arm.weight) for arm in arms])
