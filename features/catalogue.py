"""Features as Test Lab's clients know them: a flag and, for an experiment, the experiment that it delivers.

Reading only; `features/authoring.py` writes. Days are calendar days in UTC, the last one included; shares are 0..1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from experiments.errors import NotFound
from experiments.models import Experiment, Variation
from features.models import Flag, FlagRule

# What a flag without dates is shown with: SDKs want both.
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date.max
TRAFFIC_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Variant:
    """`weight` is the text it was written with."""

    id: int
    value: str
    is_control: bool
    weight: str


@dataclass(frozen=True, slots=True)
class Feature:
    id: int
    kind: int
    name: str
    first_day: date
    last_day: date
    is_running: bool
    share: Decimal
    description: str | None
    variants: tuple[Variant, ...]

    def is_current(self, today: date) -> bool:
        """Paused features included: whether it runs is for the client to see (§2.6)."""
        return self.first_day <= today <= self.last_day


def features(*, project_id: int) -> tuple[Feature, ...]:
    """Every feature of the project, by id, with its variants."""
    return tuple(feature_of(flag) for flag in _whole(project_id))


def feature(*, project_id: int, feature_id: int) -> Feature:
    """One feature. Raises NotFound."""
    row = found(project_id=project_id, feature_id=feature_id)
    if row is None:
        raise NotFound("feature", feature_id)
    return row


def found(*, project_id: int, feature_id: int) -> Feature | None:
    """One feature, None for an unknown one."""
    flag = _whole(project_id).filter(pk=feature_id).first()
    return None if flag is None else feature_of(flag)


def variants(*, project_id: int, feature_id: int) -> tuple[Variant, ...]:
    """The variants of a feature by id; none for an unknown one."""
    row = found(project_id=project_id, feature_id=feature_id)
    return () if row is None else row.variants


def variants_beside(*, project_id: int) -> Mapping[int, tuple[Variant, ...]]:
    """The variants that toggles and roll-outs have although they compare nothing, `{feature id: variants}`."""
    flags = _whole(project_id).exclude(kind=Flag.Kind.EXPERIMENT).filter(rules__isnull=False).distinct()
    return {flag.pk: feature_of(flag).variants for flag in flags}


def _whole(project_id: int) -> QuerySet[Flag]:
    rules = FlagRule.objects.select_related("experiment").prefetch_related(
        Prefetch("experiment__variations", queryset=Variation.objects.order_by("id"))
    )
    return (
        Flag.objects.filter(project_id=project_id, is_archived=False)
        .prefetch_related(Prefetch("rules", queryset=rules.order_by("position", "id")))
        .order_by("id")
    )


def experiment_of(flag: Flag) -> Experiment | None:
    """The experiment whose variations are the feature's variants: that of the first rule which compares."""
    tests = (rule.experiment for rule in flag.rules.all() if rule.experiment.kind == Experiment.Kind.AB_TEST)
    return next(tests, None)


def feature_of(flag: Flag) -> Feature:
    """A flag as a feature; of a kind 3 the experiment says when, to whom and whether it runs."""
    experiment = experiment_of(flag)
    governing = experiment if flag.kind == Flag.Kind.EXPERIMENT else None
    arms = [] if experiment is None else list(experiment.variations.all())
    return Feature(
        id=flag.pk,
        kind=flag.kind,
        name=flag.key,
        first_day=first_day(flag.starts_on, governing.starts_at if governing else None),
        last_day=last_day(flag.ends_on, governing.ends_at if governing else None),
        is_running=flag.is_running and _delivers(flag, governing),
        share=flag.traffic if governing is None else governing_share(flag.traffic, governing.traffic),
        description=flag.description,
        variants=tuple(variant_of(arm) for arm in arms),
    )


def _delivers(flag: Flag, governing: Experiment | None) -> bool:
    """Whether what is behind a flag runs: of a kind 3 its experiment, once that has variants (§2.2 makes it bare)."""
    if flag.kind != Flag.Kind.EXPERIMENT:
        return True
    return governing is not None and (not governing.variations.all() or _is_running(governing))


def _is_running(experiment: Experiment) -> bool:
    """Whether nobody has stopped it: one that ended by its dates still counts as running, as Test Lab has it."""
    if experiment.status != Experiment.Status.COMPLETED:
        return experiment.status == Experiment.Status.RUNNING
    ended, stopped = experiment.ends_at, experiment.last_deactivated_at
    return ended is not None and stopped is not None and stopped >= ended


def governing_share(written: Decimal, traffic: Decimal) -> Decimal:
    """The share as it was written, unless the experiment's (of six decimals) has been set to another since."""
    return written if written.quantize(TRAFFIC_STEP) == traffic else traffic


def first_day(starts_on: date | None, starts_at: datetime | None) -> date:
    """The later of a flag's first day and the day on which its experiment starts."""
    if starts_at is None:
        return starts_on or FIRST_DAY
    return max(starts_on or date.min, starts_at.astimezone(UTC).date())


def last_day(ends_on: date | None, ends_at: datetime | None) -> date:
    """The earlier of a flag's last day and the last day of which its experiment has a part."""
    if ends_at is None:
        return ends_on or LAST_DAY
    return min(ends_on or LAST_DAY, (ends_at.astimezone(UTC) - timedelta(microseconds=1)).date())


def variant_of(arm: Variation) -> Variant:
    return Variant(arm.pk, arm.value or arm.key, arm.is_control, written(arm.weight, arm.weight_scale))


def written(share: Decimal, scale: int) -> str:
    """A share with the decimals it was written with, more where they would not be exact."""
    exact = Decimal(format(share.normalize(), "f"))
    decimals = max(scale, -int(exact.as_tuple().exponent))
    return f"{exact:.{decimals}f}"


def overlap(rows: Sequence[Feature], *, today: date) -> Decimal:
    """The largest share of people that experiments, from today on, claim on any one day; above 1 some wait."""
    tests = [row for row in rows if row.kind == Flag.Kind.EXPERIMENT and row.last_day >= today]
    return max((_claimed(tests, max(row.first_day, today)) for row in tests), default=Decimal(0))


def _claimed(rows: Iterable[Feature], day: date) -> Decimal:
    return sum((row.share for row in rows if row.is_current(day)), start=Decimal(0))
