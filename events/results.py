"""What came of an experiment, whichever dialect brought it: people per variation, and what they did afterwards.

People are those who met a variation (exposures); where nobody noted that, those to whom one was given. Somebody
converts by an event at or after that moment: any conversion of the project, or a Test Lab event of their own variant.
Counted by the database in a few grouped statements; the statistics are in `events.stats`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from events import responses
from events.stats import proportions, sample_ratio, several
from events.stats.proportions import Comparison, Proportion
from experiments.models import Experiment, Variation
from users.assignments import USER

MET = """
    SELECT variation_id, user_id, MIN(occurred_at) AS since FROM events_exposure
    WHERE experiment_id = %s AND variation_id IS NOT NULL GROUP BY variation_id, user_id
"""
GIVEN = f"""
    SELECT variation_id, unit_id AS user_id, assigned_at AS since FROM users_assignment
    WHERE experiment_id = %s AND variation_id IS NOT NULL AND ended_at IS NULL AND unit_type = '{USER}'
"""
PEOPLE = "SELECT variation_id, COUNT(*) FROM ({people}) people GROUP BY variation_id"
TORN = "SELECT COUNT(*) FROM (SELECT user_id FROM ({people}) people GROUP BY user_id HAVING COUNT(*) > 1) torn"
CONVERTED = f"""
    SELECT people.variation_id, happened.key, COUNT(DISTINCT people.user_id) FROM ({{people}}) people
    JOIN (
        SELECT user_id, key, variation_id, MAX(occurred_at) AS last FROM events_event
        WHERE project_id = %s AND (kind = 'conversion' OR (kind = '{responses.KIND}' AND experiment_id = %s))
        GROUP BY user_id, key, variation_id
    ) happened ON happened.user_id = people.user_id AND happened.last >= people.since
        AND (happened.variation_id IS NULL OR happened.variation_id = people.variation_id)
    GROUP BY people.variation_id, happened.key
"""
SOME_TORN = "People who met more than one variation: %d. They are counted in each."


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One variation: `share` is what it should get of the people, 0..1, `found` what it got (None: nobody is there)."""

    variation: Variation
    share: float
    people: int
    found: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one variation's people by one event; no comparison for the control."""

    variation: Variation
    people: int
    converted: int
    comparison: Comparison | None
    adjusted_p_value: float | None

    @property
    def rate(self) -> float | None:
        return self.converted / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`event` is its key, "" for Test Lab's events, which have none."""

    event: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Results:
    arms: tuple[ArmResult, ...]
    outcomes: tuple[Outcome, ...]
    by_exposure: bool
    sample_ratio_p_value: float | None
    warnings: tuple[str, ...]


def of_experiment(*, experiment: Experiment) -> Results:
    """The variations in their order; the control is the one marked so, else the first."""
    arms = list(experiment.variations.order_by("position", "id"))
    met = _people(MET, experiment)
    source, people = (MET, met) if met else (GIVEN, _people(GIVEN, experiment))
    rows = _arms(arms, people)
    ratio = sample_ratio.p_value([row.people for row in rows], [row.share for row in rows]) if rows else None
    return Results(
        arms=rows,
        outcomes=tuple(_outcomes(arms, people, _converted(source, experiment))),
        by_exposure=bool(met),
        sample_ratio_p_value=ratio,
        warnings=tuple(_warnings(ratio, _torn(source, experiment))),
    )


def _people(source: str, experiment: Experiment) -> Mapping[int, int]:
    return dict(_rows(PEOPLE.format(people=source), [experiment.pk]))


def _torn(source: str, experiment: Experiment) -> int:
    ((number,),) = _rows(TORN.format(people=source), [experiment.pk])
    return int(number)


def _converted(source: str, experiment: Experiment) -> Mapping[str, Mapping[int, int]]:
    """Converted people by the event's key and by variation."""
    found: dict[str, dict[int, int]] = {}
    values = [experiment.pk, experiment.project_id, experiment.pk]
    for variation_id, key, number in _rows(CONVERTED.format(people=source), values):
        found.setdefault(key, {})[variation_id] = number
    return found


def _rows(sql: str, values: Sequence[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _arms(arms: Sequence[Variation], people: Mapping[int, int]) -> tuple[ArmResult, ...]:
    whole, weights = sum(people.get(arm.pk, 0) for arm in arms), sum(float(arm.weight) for arm in arms)
    return tuple(
        ArmResult(
            variation=arm,
            share=float(arm.weight) / weights if weights else 0.0,
            people=people.get(arm.pk, 0),
            found=people.get(arm.pk, 0) / whole if whole else None,
        )
        for arm in arms
    )


def _outcomes(
    arms: Sequence[Variation], people: Mapping[int, int], converted: Mapping[str, Mapping[int, int]]
) -> Iterable[Outcome]:
    if not arms:
        return
    control = next((arm for arm in arms if arm.is_control), arms[0])
    for event in sorted(converted):
        rates = {arm.pk: Proportion(converted[event].get(arm.pk, 0), people.get(arm.pk, 0)) for arm in arms}
        compared = {
            pk: found
            for pk, rate in rates.items()
            if pk != control.pk and (found := proportions.compare(rates[control.pk], rate)) is not None
        }
        adjusted = dict(zip(compared, several.holm([each.p_value for each in compared.values()]), strict=True))
        yield Outcome(
            event,
            tuple(
                Line(arm, rates[arm.pk].trials, rates[arm.pk].successes, compared.get(arm.pk), adjusted.get(arm.pk))
                for arm in arms
            ),
        )


def _warnings(ratio: float | None, torn: int) -> Iterable[str]:
    if ratio is not None and ratio < sample_ratio.SUSPICIOUS:
        yield "People are not split by the weights: look for a fault before reading the figures."
    if torn:
        yield SOME_TORN % torn
