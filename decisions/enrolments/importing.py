"""Enrolments that were made elsewhere: every learner keeps the arm. All or nothing; what is here already stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import transaction

from decisions import deciding
from decisions.enrolments.reading import Line
from experiments.errors import Invalid
from experiments.models import Design, Experiment, Variation
from users import assignments, marks, people
from users.assignments import USER, Unit
from users.models import Assignment

AT_ONCE = 2000
NOTES = 50


@dataclass(slots=True)
class Report:
    """How many lines were read and what they came to; `notes` are sentences about what was not taken as it stood."""

    lines: int = 0
    people: int = 0
    enrolments: int = 0
    groups: int = 0
    marks: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if len(self.notes) < NOTES:
            self.notes.append(sentence)


class _OnlyTrying(Exception):
    """Raised to leave a transaction without a trace."""


def import_enrolments(lines: Iterable[Line], *, dry_run: bool = False, now: datetime) -> Report:
    """Store enrolments and marks. Raises Invalid, with the line, for an unknown experiment or condition."""
    report = Report()
    try:
        with transaction.atomic():
            importer = _Importer(report, now)
            ordered = sorted(lines, key=_when)
            importer.look_over(ordered)
            stream = iter(ordered)
            while batch := list(islice(stream, AT_ONCE)):
                importer.take(batch)
            importer.finish()
            if dry_run:
                raise _OnlyTrying
    except _OnlyTrying:
        pass
    return report


@dataclass(frozen=True, slots=True)
class _Target:
    """An experiment lines speak of."""

    experiment: Experiment
    design: Design
    variations: dict[str, Variation]

    @property
    def is_within(self) -> bool:
        return self.design.unit == Design.Unit.WITHIN_SUBJECTS

    @property
    def group_type(self) -> str:
        return self.design.group_type if self.design.unit == Design.Unit.GROUP else ""


class _Importer:
    def __init__(self, report: Report, now: datetime) -> None:
        self._report = report
        self._now = now
        self._targets: dict[str, _Target] = {}
        self._fresh: set[tuple[int, str, str]] = set()
        self._working_groups: dict[str, dict[str, str]] = {}

    def look_over(self, lines: Iterable[Line]) -> None:
        """Check every line, and learn in which group each person was last."""
        for line in lines:
            self._check(line)
            kind = self._target(line).group_type
            if kind and line.group_id:
                self._working_groups.setdefault(line.user_id, {})[kind] = line.group_id

    def take(self, batch: Sequence[Line]) -> None:
        self._report.lines += len(batch)
        batch = _of_roots(batch)
        known = self._people(batch)
        self._remember(batch)
        self._remember_groups(batch)
        self._mark(batch, known)

    def finish(self) -> None:
        for target in self._targets.values():
            deciding.read_remembered(project_id=target.experiment.project_id, experiment_id=target.experiment.pk)

    def _check(self, line: Line) -> None:
        target = self._target(line)
        if line.condition not in target.variations and not (target.is_within and not line.condition):
            raise Invalid(f"line {line.number}: {target.experiment.name} has no condition {line.condition!r}")

    def _target(self, line: Line) -> _Target:
        if line.experiment not in self._targets:
            self._targets[line.experiment] = self._found(line)
        return self._targets[line.experiment]

    def _found(self, line: Line) -> _Target:
        try:
            experiment = Experiment.objects.filter(uid=UUID(line.experiment)).select_related("design").first()
        except ValueError:
            experiment = None
        if experiment is None:
            raise Invalid(f"line {line.number}: there is no experiment {line.experiment}; import its design first")
        design = getattr(experiment, "design", None) or Design()
        return _Target(experiment, design, {each.key: each for each in experiment.variations.all()})

    def _people(self, batch: Sequence[Line]) -> dict[str, int]:
        """Everybody's row id. Who is new comes with the groups the lines name."""
        made, known = people.bring({line.user_id: self._working_groups.get(line.user_id, {}) for line in batch})
        self._report.people += made
        return known

    def _remember(self, batch: Sequence[Line]) -> None:
        rows = [self._assignment(line) for line in self._firsts(batch)]
        made, kept = assignments.bring(rows)
        self._report.enrolments += made
        for row, variation_id in kept:
            if row.variation_id != variation_id:
                self._report.note(
                    f"{row.unit_id} has another condition of experiment {row.experiment_id} here; it stays"
                )

    def _firsts(self, batch: Sequence[Line]) -> list[Line]:
        """One line per person and experiment: the earliest. A second condition of one person is said, not stored."""
        firsts: dict[tuple[str, str], Line] = {}
        for line in batch:
            first = firsts.setdefault((line.experiment, line.user_id), line)
            if first.condition != line.condition and not self._target(line).is_within:
                self._report.note(
                    f"line {line.number}: {line.user_id} has {first.condition} already, not {line.condition}"
                )
        return list(firsts.values())

    def _assignment(self, line: Line) -> Assignment:
        target = self._target(line)
        return Assignment(
            experiment=target.experiment,
            variation=None if target.is_within else target.variations[line.condition],
            unit_type=USER,
            unit_id=line.user_id,
            group_id=line.group_id,
            method=Assignment.Method.GROUP if line.through_group else Assignment.Method.IMPORT,
            assigned_at=line.marked_at or self._now,
        )

    def _remember_groups(self, batch: Sequence[Line]) -> None:
        """A group has what its first member got who did not come through it."""
        rows: dict[tuple[int, str], Assignment] = {}
        for line in sorted(batch, key=lambda line: line.through_group):
            target = self._target(line)
            if not target.group_type or not line.group_id:
                continue
            rows.setdefault((target.experiment.pk, line.group_id), self._group_assignment(target, line))
        made, _ = assignments.bring(list(rows.values()))
        self._report.groups += made

    def _group_assignment(self, target: _Target, line: Line) -> Assignment:
        unit = Unit(line.group_id, target.group_type)
        return Assignment(
            experiment=target.experiment,
            variation=target.variations[line.condition],
            unit_type=unit.type,
            unit_id=unit.id,
            method=Assignment.Method.IMPORT,
            assigned_at=line.marked_at or self._now,
        )

    def _mark(self, batch: Sequence[Line], known: dict[str, int]) -> None:
        rows = [
            marks.Brought(
                user_row_id=known[line.user_id],
                site=line.site,
                target=line.target,
                condition=line.condition or None,
                experiment_uid=str(self._target(line).experiment.uid),
                marked_at=line.marked_at or self._now,
                repeats=self._target(line).variations[line.condition].pk
                if self._target(line).is_within and line.condition
                else None,
            )
            for line in batch
            if line.site
        ]
        marks.bring(rows, fresh=self._fresh)
        self._report.marks = len(self._fresh)


def _of_roots(batch: Sequence[Line]) -> Sequence[Line]:
    """The lines under the ids of the people themselves; a line may name somebody by an alias."""
    roots = assignments.root_ids(user_ids=[line.user_id for line in batch])
    return [replace(line, user_id=roots.get(line.user_id, line.user_id)) for line in batch]


def _when(line: Line) -> tuple[bool, float, int]:
    """Lines in the order of their marks; those without a time last, as they stand in the file."""
    return line.marked_at is None, line.marked_at.timestamp() if line.marked_at else 0.0, line.number
