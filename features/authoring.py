"""Writing features: the flag and, for an experiment, the experiment behind it (testlab contract §2.2, §2.3).

Only rows are written here. What makes them count at once (publishing, user-blocks) is `decisions.lab.delivery`, which
opens the transaction that all of this belongs to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from experiments.errors import Conflict, Invalid, NotFound
from experiments.models import Design, Experiment, Project, Variation
from features import catalogue
from features.models import Flag, FlagRule

LONGEST_NAME = 255
LARGEST_SCALE = 12
STEP = Decimal(1).scaleb(-LARGEST_SCALE)
TOLERANCE = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feature as somebody wants it to be. `share` is 0..1."""

    kind: int
    name: str
    first_day: date
    last_day: date
    is_running: bool
    share: Decimal
    description: str | None


@dataclass(frozen=True, slots=True)
class WantedVariant:
    """A variant as somebody wants it; with an `id` of the feature's own it is that variant, changed."""

    value: str
    is_control: bool = False
    weight: Decimal | None = None
    id: int | None = None


def create(*, project: Project, wanted: Wanted) -> Flag:
    """A new feature; an experiment starts without variants. Raises Invalid and Conflict (the name is taken)."""
    check(wanted)
    _check_name_is_free(project, wanted.name, but=None)
    flag = Flag.objects.create(project=project, **_columns(wanted))
    if wanted.kind == Flag.Kind.EXPERIMENT:
        _make_experiment(flag)
    return flag


def replace(*, project: Project, feature_id: int, wanted: Wanted) -> Flag:
    """Set everything of a feature but its variants. Raises NotFound, Invalid and Conflict; then nothing changed."""
    check(wanted)
    flag = _locked(project, feature_id)
    _check_name_is_free(project, wanted.name, but=flag)
    for name, value in _columns(wanted).items():
        setattr(flag, name, value)
    flag.save()
    experiment = catalogue.experiment_of(flag)
    if experiment is not None:
        _write_experiment(experiment, flag)
    elif wanted.kind == Flag.Kind.EXPERIMENT:
        _make_experiment(flag)
    return flag


def delete(*, project: Project, feature_id: int) -> bool:
    """Delete a feature with its experiment, variants and recorded users; whether there was one."""
    flag = Flag.objects.filter(project=project, pk=feature_id).first()
    if flag is None:
        return False
    linked = [rule.experiment_id for rule in flag.rules.all()]
    _hold_back_users(linked)
    flag.delete()
    Experiment.objects.filter(pk__in=linked, flag_rules__isnull=True).delete()
    return True


def replace_variants(*, project: Project, feature_id: int, wanted: Sequence[WantedVariant]) -> tuple[Variation, ...]:
    """Make the variants those that are wanted, in their order, and answer them by id.

    One that is known by its id, or else by its value, keeps its row and with it its users and events.
    Raises NotFound and Invalid (no variants, weights that do not add up to 1); then nothing changed.
    """
    weights = weigh(wanted)
    flag = _locked(project, feature_id)
    experiment = catalogue.experiment_of(flag) or _make_experiment(flag)
    _hold_back_users([experiment.pk])
    rows = _matched(list(experiment.variations.order_by("id")), wanted)
    experiment.variations.exclude(pk__in=[row.pk for row in rows if row is not None]).delete()
    keys: set[str] = set()
    for position, (row, entry, weight) in enumerate(zip(rows, wanted, weights, strict=True)):
        row = row or Variation(experiment=experiment)
        row.value, row.is_control, row.position = entry.value, entry.is_control, position
        row.key = _key(entry.value, keys)
        row.weight, row.weight_scale = weight, min(LARGEST_SCALE, max(0, -int(weight.as_tuple().exponent)))
        row.save()
    return tuple(experiment.variations.order_by("id"))


def _hold_back_users(experiment_ids: Sequence[int]) -> None:
    """Lock experiments, then their variants: a user who is recorded meanwhile waits, and then finds what is left."""
    for rows in (
        Experiment.objects.filter(pk__in=experiment_ids),
        Variation.objects.filter(experiment_id__in=experiment_ids),
    ):
        list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def weigh(wanted: Sequence[WantedVariant]) -> tuple[Decimal, ...]:
    """The weights, exactly as written; where none is given, equal parts of 1. Raises Invalid."""
    if not wanted or not all(entry.value for entry in wanted):
        raise Invalid("an experiment needs variants, and each a value", field="variants")
    for entry in wanted:
        check_text(entry.value)
    weights = [
        _equal_part(number, len(wanted)) if entry.weight is None else _exact(entry.weight)
        for number, entry in enumerate(wanted)
    ]
    if min(weights) < 0 or max(weights) > 1:
        raise Invalid("a weight lies between 0 and 1", field="variants")
    whole = sum(weights, start=Decimal(0))
    if abs(whole - 1) > TOLERANCE:
        raise Invalid(f"the weights add up to {whole}, not to 1", field="variants")
    return tuple(weights)


def _equal_part(number: int, of: int) -> Decimal:
    """1 divided by `of`; the last one gets what rounding leaves over."""
    part = (Decimal(1) / of).quantize(STEP, rounding=ROUND_DOWN)
    exact = part if number < of - 1 else 1 - part * (of - 1)
    return Decimal(format(exact.normalize(), "f"))


def _exact(weight: Decimal) -> Decimal:
    return weight if -int(weight.as_tuple().exponent) <= LARGEST_SCALE else weight.quantize(STEP)


def _matched(rows: Sequence[Variation], wanted: Sequence[WantedVariant]) -> list[Variation | None]:
    """For each wanted variant the row it keeps: by id first, then by value, each row once."""
    left = {row.pk: row for row in rows}
    found: list[Variation | None] = [None if entry.id is None else left.pop(entry.id, None) for entry in wanted]
    for number, entry in enumerate(wanted):
        if found[number] is None:
            same = next((pk for pk, row in left.items() if row.value == entry.value), None)
            found[number] = None if same is None else left.pop(same)
    return found


def _key(value: str, taken: set[str]) -> str:
    """The variant's value as the key that other clients are told, made unique within the experiment."""
    key, number = value[:240], 1
    while key in taken:
        number += 1
        key = f"{value[:240]}_{number}"
    taken.add(key)
    return key


def check(wanted: Wanted) -> None:
    """Raise Invalid for what no feature can be."""
    if wanted.kind not in Flag.Kind.values:
        raise Invalid("a feature is a toggle (1), a roll-out (2) or an experiment (3)", field="type_id")
    if not 0 <= wanted.share <= 1:
        raise Invalid("a share lies between 0 and 1", field="user_percentage")
    if len(wanted.name) > LONGEST_NAME:
        raise Invalid(f"a name has at most {LONGEST_NAME} characters", field="name")
    check_text(wanted.name + (wanted.description or ""))


def check_text(text: str) -> None:
    """Raise Invalid for what a database cannot hold."""
    if "\x00" in text:
        raise Invalid("a text holds no NUL")


def _check_name_is_free(project: Project, name: str, *, but: Flag | None) -> None:
    taken = Flag.objects.filter(project=project, key=name)
    if (taken if but is None else taken.exclude(pk=but.pk)).exists():
        raise Conflict(f"there is a feature named {name} already")


def _locked(project: Project, feature_id: int) -> Flag:
    flag = Flag.objects.select_for_update().filter(project=project, pk=feature_id, is_archived=False).first()
    if flag is None:
        raise NotFound("feature", feature_id)
    return flag


def _columns(wanted: Wanted) -> Mapping[str, object]:
    share = _exact(wanted.share)
    return {
        "key": wanted.name,
        "name": wanted.name,
        "description": wanted.description,
        "kind": wanted.kind,
        "is_running": wanted.is_running,
        "traffic": share,
        "traffic_scale": max(0, -int(share.as_tuple().exponent)),
        "starts_on": wanted.first_day,
        "ends_on": None if wanted.last_day == catalogue.LAST_DAY else wanted.last_day,
    }


def _make_experiment(flag: Flag) -> Experiment:
    experiment = Experiment(project=flag.project, kind=Experiment.Kind.AB_TEST, status=Experiment.Status.INACTIVE)
    _write_experiment(experiment, flag)
    Design.objects.create(experiment=experiment)
    FlagRule.objects.create(flag=flag, experiment=experiment)
    return experiment


def _write_experiment(experiment: Experiment, flag: Flag) -> None:
    experiment.key = _free_experiment_key(experiment, flag)
    experiment.name = flag.key
    experiment.description = flag.description or ""
    experiment.traffic = flag.traffic.quantize(catalogue.TRAFFIC_STEP)
    experiment.starts_at, experiment.ends_at = opening(flag.starts_on), closing(flag.ends_on)
    experiment.save()


def _free_experiment_key(experiment: Experiment, flag: Flag) -> str:
    """The feature's name; numbered when an experiment that is no feature of ours has it already."""
    others = set(
        Experiment.objects.filter(project=flag.project, key__startswith=flag.key[:240])
        .exclude(pk=experiment.pk)
        .values_list("key", flat=True)
    )
    return flag.key if flag.key not in others else _key(flag.key, others)


def opening(first_day: date | None) -> datetime | None:
    """The first instant of the first day."""
    return None if first_day is None else datetime.combine(first_day, time.min, tzinfo=UTC)


def closing(last_day: date | None) -> datetime | None:
    """The first instant after the last day."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=UTC)
