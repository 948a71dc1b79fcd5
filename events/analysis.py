"""What a feature's events amount to, per variant, with the statistics that go with it (testlab contract §2.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from events.models import Event
from events.responses import KIND
from events.stats import proportions, sample_ratio
from events.stats.proportions import Comparison, Proportion
from experiments.models import Variation
from features import catalogue
from features.catalogue import Variant
from users.assignments import USER
from users.models import Assignment


@dataclass(frozen=True, slots=True)
class Report:
    """One variant: what was counted, and how it compares with the control.

    `converted` are those of its users who have an event of it; `sample_ratio_p_value` is that of the whole feature.
    """

    variant: Variant
    events: int
    people_with_events: int
    users: int
    converted: int
    comparison: Comparison | None
    sample_ratio_p_value: float | None

    warnings: tuple[str, ...] = ()

    @property
    def conversion_rate(self) -> float | None:
        return self.converted / self.users if self.users else None


def of_feature(*, project_id: int, feature_id: int) -> tuple[Report, ...]:
    """A report per variant, by id; none for a feature without variants or an unknown one."""
    variants = catalogue.variants(project_id=project_id, feature_id=feature_id)
    if not variants:
        return ()
    ids = [variant.id for variant in variants]
    log = _log(project_id, ids)
    events, users = _events(log), _users(log, ids)
    control = next((variant for variant in variants if variant.is_control), variants[0])
    ratio = sample_ratio.p_value([users[pk][0] for pk in ids], [float(variant.weight) for variant in variants])
    return tuple(
        Report(
            variant=variant,
            events=events.get(variant.id, (0, 0))[0],
            people_with_events=events.get(variant.id, (0, 0))[1],
            users=users[variant.id][0],
            converted=users[variant.id][1],
            comparison=None if variant is control else _compare(users[control.id], users[variant.id]),
            sample_ratio_p_value=ratio,
        )
        for variant in variants
    )


def _compare(control: tuple[int, int], treatment: tuple[int, int]) -> Comparison | None:
    return proportions.compare(Proportion(control[1], control[0]), Proportion(treatment[1], treatment[0]))


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
