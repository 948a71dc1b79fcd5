"""What a feature's events amount to, per variant, with the statistics that go with it (testlab contract §2.5)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from events.models import Event
from events.responses import KIND
from events.stats import proportions, sample_ratio, several
from events.stats.proportions import Comparison, Proportion
from experiments.models import Variation
from features import catalogue, sdk_hashes, userblocks
from features.catalogue import Feature, Variant
from users.assignments import USER
from users.models import Assignment

LOOKED_AT = 1000
ENOUGH = 20
NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True)
class Report:
    """One variant: what was counted, and how it compares with the control.

    `converted` are those of its users who have an event of it; `sample_ratio_p_value` is that of the whole feature;
    `adjusted_p_value` allows for several variants being compared with one control.
    """

    variant: Variant
    events: int
    people_with_events: int
    users: int
    converted: int
    comparison: Comparison | None
    adjusted_p_value: float | None
    sample_ratio_p_value: float | None
    warnings: tuple[str, ...] = ()

    @property
    def conversion_rate(self) -> float | None:
        return self.converted / self.users if self.users else None


def of_feature(*, project_id: int, feature_id: int) -> tuple[Report, ...]:
    """A report per variant, by id; none for a feature without variants or an unknown one."""
    feature = catalogue.found(project_id=project_id, feature_id=feature_id)
    if feature is None or not feature.variants:
        return ()
    ids = [variant.id for variant in feature.variants]
    log = _log(project_id, ids)
    events, users = _events(log), _users(log, ids)
    comparisons = _comparisons(feature.variants, users)
    adjusted = _adjusted(comparisons)
    weights = [float(variant.weight) for variant in feature.variants]
    ratio = sample_ratio.p_value([users[pk][0] for pk in ids], weights)
    warnings = tuple(_warnings(feature, ids, ratio))
    return tuple(
        Report(
            variant=variant,
            events=events.get(variant.id, (0, 0))[0],
            people_with_events=events.get(variant.id, (0, 0))[1],
            users=users[variant.id][0],
            converted=users[variant.id][1],
            comparison=comparisons.get(variant.id),
            adjusted_p_value=adjusted.get(variant.id),
            sample_ratio_p_value=ratio,
            warnings=warnings,
        )
        for variant in feature.variants
    )


def _comparisons(variants: Sequence[Variant], users: Mapping[int, tuple[int, int]]) -> Mapping[int, Comparison]:
    """Each variant against the control (the first one where none is marked), where both have users."""
    control = next((variant for variant in variants if variant.is_control), variants[0])
    rates = {pk: Proportion(converted, recorded) for pk, (recorded, converted) in users.items()}
    found = {pk: proportions.compare(rates[control.id], rate) for pk, rate in rates.items() if pk != control.id}
    return {pk: comparison for pk, comparison in found.items() if comparison is not None}


def _adjusted(comparisons: Mapping[int, Comparison]) -> Mapping[int, float]:
    p_values = several.holm([comparison.p_value for comparison in comparisons.values()])
    return dict(zip(comparisons, p_values, strict=True))


def _warnings(feature: Feature, ids: Sequence[int], ratio: float | None) -> Iterator[str]:
    """What makes the figures of the whole feature doubtful, in words."""
    if ratio is not None and ratio < sample_ratio.SUSPICIOUS:
        yield f"Users are not split by the weights (p = {ratio:.2g}): look for a fault before reading the figures."
    if userblocks.Claim(feature.id, feature.share).blocks > 1 and _sit_in_one_block(ids):
        yield "Nearly all users sit in one user-block, as short numeric ids do in the JavaScript SDKs: use UUIDs."


def _sit_in_one_block(ids: Sequence[int]) -> bool:
    """Whether the JavaScript hash puts nearly all of the first users into the same block (testlab contract §3.3)."""
    live = Assignment.objects.filter(variation_id__in=ids, unit_type=USER, ended_at__isnull=True)
    users = list(live.order_by("pk").values_list("unit_id", flat=True)[:LOOKED_AT])
    found = Counter(sdk_hashes.block("js", sdk_hashes.js(user)) for user in users)
    return len(users) >= ENOUGH and max(found.values()) >= NEARLY_ALL * len(users)


def _log(project_id: int, ids: Sequence[int]) -> QuerySet[Event]:
    """The events of these variants of one experiment."""
    experiment_id = Variation.objects.values_list("experiment_id", flat=True).get(pk=ids[0])
    rows = Event.objects.filter(experiment_id=experiment_id, variation_id__in=ids)
    return rows.filter(project_id=project_id, kind=KIND).order_by()


def _events(log: QuerySet[Event]) -> Mapping[int, tuple[int, int]]:
    """Events and the distinct people behind them, per variant."""
    counted = log.values("variation_id").annotate(events=Count("pk"), people=Count("user_id", distinct=True))
    return {row["variation_id"] or 0: (row["events"], row["people"]) for row in counted}


def _users(log: QuerySet[Event], ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """Users and those of them who have an event of their variant, per variant, in one read."""
    counts = {}
    for pk in ids:
        happened = log.filter(variation_id=pk).values("user_id")
        counts[f"users_{pk}"] = Count("pk", filter=Q(variation_id=pk))
        counts[f"converted_{pk}"] = Count("pk", filter=Q(variation_id=pk, unit_id__in=happened))
    live = Assignment.objects.filter(variation_id__in=ids, unit_type=USER, ended_at__isnull=True)
    found = live.aggregate(**counts)
    return {pk: (found[f"users_{pk}"], found[f"converted_{pk}"]) for pk in ids}
