"""The answers to metric queries: per condition and, in factorial designs, per level (upgrade contract §5).

Every person counts once per condition: their rows are first reduced to one value.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from events.metric_logs import at
from events.models import MetricLog, MetricQuery
from experiments import shapes
from experiments.models import Design, Experiment, Level, Variation
from users.assignments import USER
from users.models import Assignment, RepeatedMark

Value = str | int | float
Measured = tuple[int, str, str, Value]
"""A variation, a person, a uniquifier, one value of theirs."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one condition or level comes to; `result` as UpGrade writes it, a text."""

    uid: UUID
    result: str
    participants: int


@dataclass(frozen=True, slots=True)
class Result:
    """`main` by condition, or by level in a factorial design, where `interaction` is by condition."""

    query: UUID
    main: tuple[Effect, ...]
    interaction: tuple[Effect, ...]


def analyse(*, query: MetricQuery) -> Result:
    """Answer one query from everything logged so far, also before somebody was enrolled; as kept where archived."""
    return _worked_out(query) if query.kept is None else shapes.convert(query.kept, Result)


def keep(*, experiment: Experiment) -> None:
    """Let the answers of an experiment that goes to the archive stand, whatever is logged later."""
    for query in experiment.metric_queries.select_related("metric", "experiment"):
        query.kept = asdict(_worked_out(query))
        query.save(update_fields=["kept"])


def reopen(*, experiment: Experiment) -> None:
    """Answer anew what was kept."""
    experiment.metric_queries.update(kept=None)


def _worked_out(query: MetricQuery) -> Result:
    variations = list(query.experiment.variations.order_by("position", "id"))
    values = _reduced(query)
    by_condition = tuple(_effect(query, each.uid, values.get(each.pk, {})) for each in variations)
    design = Design.objects.filter(experiment=query.experiment).first()
    if design is None or design.type != Design.Type.FACTORIAL:
        return Result(query.uid, by_condition, ())
    return Result(query.uid, tuple(_by_level(query, variations, values)), by_condition)


def of_people(*, query: MetricQuery) -> dict[tuple[str, str], Value]:
    """One value per person, as (person, ""); within subjects one per meeting, as (person, uniquifier)."""
    reduce = REDUCTIONS.get(query.repeated_measure, _earliest)
    gathered: dict[tuple[str, str], list[Value]] = defaultdict(list)
    is_within = _is_within(query)
    for _, user, uniquifier, value in _met(query) if is_within else _enrolled(query):
        gathered[user, uniquifier if is_within else ""].append(value)
    return {whom: reduce(values) for whom, values in gathered.items()}


def _is_within(query: MetricQuery) -> bool:
    return Design.objects.filter(experiment=query.experiment, unit=Design.Unit.WITHIN_SUBJECTS).exists()


def _by_level(
    query: MetricQuery, variations: Sequence[Variation], values: Mapping[int, Mapping[str, Value]]
) -> Iterator[Effect]:
    for level in Level.objects.filter(factor__experiment=query.experiment).order_by("factor__position", "position"):
        having = set(level.variation_levels.values_list("variation_id", flat=True))
        merged: dict[str, Value] = {}
        for variation in variations:
            merged |= values.get(variation.pk, {}) if variation.pk in having else {}
        yield _effect(query, level.uid, merged)


def _effect(query: MetricQuery, uid: UUID, values: Mapping[str, Value]) -> Effect:
    return Effect(uid, _said(_operate(query, list(values.values()))), len(values))


def _reduced(query: MetricQuery) -> dict[int, dict[str, Value]]:
    """One value per variation and person."""
    gathered: dict[int, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
    for variation, user, _, value in _met(query) if _is_within(query) else _enrolled(query):
        gathered[variation][user].append(value)
    reduce = REDUCTIONS.get(query.repeated_measure, _earliest)
    return {
        variation: {user: reduce(values) for user, values in people.items()} for variation, people in gathered.items()
    }


def _rows(query: MetricQuery, people: Any) -> Iterable[MetricLog]:
    """Rows with the metric, the earliest change first."""
    rows = MetricLog.objects.filter(metrics=query.metric, user_id__in=people)
    return rows.order_by("updated_at", "pk").iterator(2000)


def _enrolled(query: MetricQuery) -> Iterator[Measured]:
    live = Assignment.objects.filter(
        experiment=query.experiment, unit_type=USER, ended_at__isnull=True, variation__isnull=False
    )
    arms = dict(live.values_list("unit_id", "variation_id"))
    for row in _rows(query, live.values("unit_id")):
        value = at(row.data, query.metric.key)
        if value is not None:
            yield arms[row.user_id], row.user_id, row.uniquifier, value


def _met(query: MetricQuery) -> Iterator[Measured]:
    """Within subjects a row belongs to the condition that was met under its uniquifier."""
    meetings = RepeatedMark.objects.filter(variation__experiment=query.experiment).exclude(uniquifier="")
    arms = {
        (user, uniquifier): variation
        for user, uniquifier, variation in meetings.order_by("pk").values_list(
            "mark__user__external_id", "uniquifier", "variation_id"
        )
    }
    for row in _rows(query, meetings.values("mark__user__external_id")):
        value = at(row.data, query.metric.key)
        if value is not None and (row.user_id, row.uniquifier) in arms:
            yield arms[row.user_id, row.uniquifier], row.user_id, row.uniquifier, value


def _mean(values: Sequence[Value]) -> Value:
    numbers = _numbers(values)
    return statistics.fmean(numbers) if numbers else values[-1]


def _latest(values: Sequence[Value]) -> Value:
    return values[-1]


def _earliest(values: Sequence[Value]) -> Value:
    return values[0]


REDUCTIONS: Mapping[str, Callable[[Sequence[Value]], Value]] = {
    MetricQuery.RepeatedMeasure.MEAN: _mean,
    MetricQuery.RepeatedMeasure.MOST_RECENT: _latest,
}


def _numbers(values: Iterable[Value]) -> list[float]:
    """Numbers, and texts that are numbers; the rest is left out."""
    found = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            continue
    return found


def _operate(query: MetricQuery, values: Sequence[Value]) -> float:
    if query.compare_with:
        wanted = query.compare_with == "="
        hits = sum((str(value) == query.compare_value) is wanted for value in values)
        if query.operation == "percentage":
            return hits * 100 / len(values) if values else 0
        return hits
    numbers = _numbers(values)
    operation = OPERATIONS.get(query.operation)
    return operation(numbers) if operation and numbers else 0


def _mode(numbers: Sequence[float]) -> float:
    """The lowest of the most frequent."""
    return min(statistics.multimode(numbers))


def _stddev(numbers: Sequence[float]) -> float:
    return statistics.stdev(numbers) if len(numbers) > 1 else 0


OPERATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "count": len,
    "avg": statistics.fmean,
    "mode": _mode,
    "median": statistics.median,
    "stddev": _stddev,
}


def _said(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else repr(float(number))
