"""Whether an experiment can allocate: everything that stands in its way, in a researcher's words (contract §2, §3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from experiments.buckets import PERCENT, in_words
from experiments.models import Experiment
from sampling import qualifying

TOLERANCE = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Readiness:
    """`problems` keep everybody out; `unknown_operators` make their conditions never hold."""

    problems: tuple[str, ...]
    unknown_operators: tuple[str, ...]
    shares_total: Decimal

    @property
    def is_ready(self) -> bool:
        return not self.problems and not self.unknown_operators


def check(*, experiment: Experiment, now: datetime) -> Readiness:
    return Readiness(
        problems=tuple(_problems(experiment, now)),
        unknown_operators=qualifying.of(experiment=experiment).unknown_operators(),
        shares_total=_total(experiment),
    )


def why_closed(*, experiment: Experiment, now: datetime) -> str:
    """The first reason why nobody new gets a bucket, "" when there is none."""
    return next(_problems(experiment, now), "")


def why_not_running(*, experiment: Experiment, now: datetime) -> str:
    """The first reason why the experiment does not run, whatever its buckets are like; "" when it does."""
    return next(_pauses(experiment, now), "")


def _problems(experiment: Experiment, now: datetime) -> Iterator[str]:
    yield from _pauses(experiment, now)
    total = _total(experiment)
    if not experiment.variations.all():
        yield "The experiment has no buckets"
    elif abs(total - PERCENT) > TOLERANCE:
        yield f"The shares of the buckets must sum to 100, not {in_words(total)}"


def _pauses(experiment: Experiment, now: datetime) -> Iterator[str]:
    if not experiment.project.active:
        yield "The service is not active"
    if experiment.status != Experiment.Status.RUNNING:
        yield "The experiment is not active"
    if experiment.starts_at is not None and experiment.starts_at > now:
        yield "The experiment has not started yet"
    if experiment.ends_at is not None and experiment.ends_at <= now:
        yield "The experiment has ended"


def _total(experiment: Experiment) -> Decimal:
    return sum((arm.weight * PERCENT for arm in experiment.variations.all()), Decimal(0))
