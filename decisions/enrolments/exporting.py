"""Enrolments as rows of UpGrade's layout, one per person and point (within subjects: one per mark). Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from decisions.designs import words
from decisions.enrolments.layout import COLUMNS, MISSING, code
from events import metric_results, selectors
from events.models import MetricQuery
from experiments.models import DecisionPoint, Design, Experiment, Payload, StatusChange, Variation
from experiments.texts import neutral
from users import marks
from users.assignments import USER
from users.models import Assignment, StratumValue
from users.standing import Place

AT_ONCE = 2000
JOINT = "->"

Row = list[str]


def header(experiments: Sequence[Experiment]) -> Row:
    """The fixed columns, then one per metric query of these experiments."""
    return [*COLUMNS, *(neutral(query.metric.key).replace("@__@", JOINT) for query in _queries(experiments))]


def rows(experiments: Sequence[Experiment]) -> Iterator[Row]:
    """All rows of all experiments, each experiment's in the order of its marks.

    A text that a spreadsheet would calculate gets an apostrophe, which `reading` takes away again.
    """
    queries = _queries(experiments)
    for experiment in experiments:
        yield from _Table(experiment, queries).rows()


def _queries(experiments: Sequence[Experiment]) -> list[MetricQuery]:
    found = MetricQuery.objects.filter(experiment__in=experiments).select_related("metric", "experiment")
    return list(found.order_by("experiment_id", "position", "id"))


@dataclass(frozen=True, slots=True)
class _Met:
    """A person at a point (None: nowhere yet) with the arm they met; `uniquifier` within subjects."""

    user_id: str
    place: Place | None
    variation_id: int | None
    uniquifier: str
    at: datetime


class _Table:
    """The rows of one experiment. What is the same in every row is worked out once."""

    def __init__(self, experiment: Experiment, queries: Sequence[MetricQuery]) -> None:
        self._experiment = experiment
        self._design: Design = getattr(experiment, "design", None) or Design(experiment=experiment)
        self._variations: Mapping[int, Variation] = {each.pk: each for each in experiment.variations.all()}
        self._points = {(each.site, each.target or ""): each for each in experiment.points.all()}
        self._payloads = {
            (each.variation_id, each.decision_point_id): each.value
            for each in Payload.objects.filter(variation__experiment=experiment)
        }
        self._values = [
            metric_results.of_people(query=query) if query.experiment_id == experiment.pk else {} for query in queries
        ]
        self._dates = _dates(experiment)

    def rows(self) -> Iterator[Row]:
        live = Assignment.objects.filter(experiment=self._experiment, unit_type=USER, ended_at__isnull=True)
        stream = iter(live.order_by("pk").iterator(AT_ONCE))
        while batch := list(islice(stream, AT_ONCE)):
            yield from self._batch(batch)

    def _batch(self, batch: Sequence[Assignment]) -> Iterator[Row]:
        rows = {row.unit_id: row for row in batch}
        strata = dict(
            StratumValue.objects.filter(
                user__external_id__in=rows, factor=self._design.stratification_factor
            ).values_list("user__external_id", "value")
        )
        is_within = self._design.unit == Design.Unit.WITHIN_SUBJECTS
        for met in self._repeated(batch) if is_within else self._met(batch):
            yield self._row(rows[met.user_id], met, strata.get(met.user_id))

    def _repeated(self, batch: Sequence[Assignment]) -> Iterator[_Met]:
        found = marks.repeats_of(experiment_id=self._experiment.pk, user_ids=[row.unit_id for row in batch])
        for row in batch:
            for each in found.get(row.unit_id, ()):
                place = each.mark.site, each.mark.target
                yield _Met(row.unit_id, place, each.variation_id, each.uniquifier, each.marked_at)

    def _met(self, batch: Sequence[Assignment]) -> Iterator[_Met]:
        """Somebody who never marked anything is one row without a point."""
        found = self._places([row.unit_id for row in batch])
        for row in batch:
            for place, at in found.get(row.unit_id, {None: row.assigned_at}).items():
                yield _Met(row.unit_id, place, row.variation_id, "", at)

    def _places(self, users: Sequence[str]) -> Mapping[str, Mapping[Place | None, datetime]]:
        """Where and when people were in this experiment; also where a mark from before it stands for good."""
        found: dict[str, dict[Place | None, datetime]] = {}
        for user, own in marks.of_experiment(experiment_uid=str(self._experiment.uid), user_ids=users).items():
            found[user] = {(mark.site, mark.target): mark.marked_at for mark in own}
        for user, place, at in selectors.met_at_points(experiment_id=self._experiment.pk, user_ids=users):
            found.setdefault(user, {}).setdefault(place, at)
        return found

    def _row(self, row: Assignment, met: _Met, stratum: str | None) -> Row:
        cells = {**self._same(), **self._whom(row, stratum), **self._where(met), **self._what(met)}
        cells["EnrollmentCode"] = code(row.method)
        values = [values.get((met.user_id, met.uniquifier)) for values in self._values]
        return [*(neutral(cells[name]) for name in COLUMNS), *("" if value is None else str(value) for value in values)]

    def _same(self) -> dict[str, str]:
        design, started_ended = self._design, self._dates
        fallback = design.fallback.key if design.fallback else MISSING
        return {
            "ExperimentId": str(self._experiment.uid),
            "ExperimentName": self._experiment.name,
            "AppContext": self._experiment.project.key,
            "UnitOfAssignment": _said(words.theirs(words.UNIT, design.unit)),
            "GroupType": design.group_type or MISSING,
            "ConsistencyRule": _said(words.theirs(words.CONSISTENCY, design.consistency)),
            "ConditionOrder": _said(words.theirs(words.ORDER, design.condition_order)),
            "DesignType": _said(words.theirs(words.TYPE, design.type)),
            "AlgorithmType": _said(words.theirs(words.ALGORITHM, design.algorithm)),
            "PostRule": "Continue" if design.post_rule == Design.PostRule.CONTINUE else f"Assign: {fallback}",
            "EnrollmentStartDate": started_ended[0],
            "EnrollmentCompleteDate": started_ended[1],
        }

    def _whom(self, row: Assignment, stratum: str | None) -> dict[str, str]:
        factor = self._design.stratification_factor
        return {
            "UserId": row.unit_id,
            "GroupId": row.group_id or MISSING,
            "Stratification": f"{factor}: {stratum}" if factor and stratum is not None else MISSING,
        }

    def _where(self, met: _Met) -> dict[str, str]:
        site, target = met.place or (MISSING, MISSING)
        point = self._point(met)
        return {
            "Site": site,
            "Target": target,
            "ExcludeifReached": "TRUE" if point and point.exclude_if_reached else "FALSE",
            "MarkExperimentPointTime": met.at.isoformat() if met.place else MISSING,
        }

    def _point(self, met: _Met) -> DecisionPoint | None:
        return self._points.get(met.place) if met.place else None

    def _what(self, met: _Met) -> dict[str, str]:
        variation = self._variations.get(met.variation_id or 0)
        if variation is None:
            return {"ConditionName": MISSING, "Payload": MISSING}
        point = self._point(met)
        own = self._payloads.get((variation.pk, point.pk if point else None))
        everywhere = self._payloads.get((variation.pk, None))
        return {"ConditionName": variation.key, "Payload": own or everywhere or variation.key}


def _said(word: str | None) -> str:
    return MISSING if word is None else word


def _dates(experiment: Experiment) -> tuple[str, str]:
    """When it first began to run and when it last stopped."""
    changes = StatusChange.objects.filter(experiment=experiment).order_by("changed_at", "id")
    began = changes.filter(to_status=Experiment.Status.RUNNING).first()
    ended = changes.filter(to_status__in=(Experiment.Status.PAUSED, Experiment.Status.COMPLETED)).last()
    return _date(began), _date(ended)


def _date(change: StatusChange | None) -> str:
    return change.changed_at.isoformat() if change else MISSING
