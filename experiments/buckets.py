"""Buckets of the Experiment API: variations written one at a time. Nothing here publishes (`decisions.lifecycle`)."""

from decimal import Decimal

from django.db.models import Max, QuerySet, Sum

from experiments.errors import Invalid, NotFound
from experiments.models import Experiment, Variation

PERCENT = Decimal(100)


def of(*, experiment: Experiment) -> QuerySet[Variation]:
    """An experiment's buckets, oldest first."""
    return Variation.objects.filter(experiment=experiment).order_by("created_at", "id")


def put(*, experiment: Experiment, name: str, percentage: int) -> Variation:
    """Make a bucket, or change the share of the one with this name. To be called in a transaction.

    Raises Invalid (field `percentage_distribution`) when the experiment's shares would exceed 100.
    """
    Experiment.objects.select_for_update(no_key=True).get(pk=experiment.pk)  # two at once: one sum after the other
    present = of(experiment=experiment).filter(key=name).first()
    others = of(experiment=experiment).exclude(key=name)
    _check_room(others, percentage)
    bucket = present or Variation(experiment=experiment, key=name, position=_next_position(others))
    bucket.weight = percentage / PERCENT
    bucket.weight_scale = 2
    bucket.save()
    return bucket


def named(*, experiment: Experiment, name: str) -> Variation:
    """Raises NotFound."""
    found = of(experiment=experiment).filter(key=name).first()
    if found is None:
        raise NotFound("bucket", name)
    return found


def _check_room(others: QuerySet[Variation], percentage: int) -> None:
    taken = (others.aggregate(total=Sum("weight"))["total"] or Decimal(0)) * PERCENT
    if taken + percentage > PERCENT:
        total, left = in_words(taken + percentage), in_words(PERCENT - taken)
        raise Invalid(
            f"The shares of this experiment would add up to {total}; {left} is left", field="percentage_distribution"
        )


def in_words(percentage: Decimal) -> str:
    """A percentage as people write it: no trailing zeros, four decimals at most."""
    return format(percentage.quantize(Decimal("0.0001")).normalize(), "f")


def _next_position(others: QuerySet[Variation]) -> int:
    last = others.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1
