"""Design files into rows: all or nothing, ids kept, what was remembered kept (upgrade contract §13).

An imported experiment draws as UpGrade does (`seedrandom`), so that its id carries every learner's arm along.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from decisions import lifecycle
from decisions.designs import checks, words
from decisions.designs.lists import ListWriter
from decisions.designs.parts import PartWriter
from decisions.designs.reading import DesignFile
from experiments.errors import DomainError, Invalid
from experiments.instants import in_utc
from experiments.models import Design, Experiment, Project, StatusChange


@dataclass(slots=True)
class Report:
    """What an import made (or would make), and what it could not say: one sentence each."""

    made: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _OnlyTrying(Exception):
    """Raised to leave a transaction without a trace."""


def import_designs(
    designs: Sequence[DesignFile],
    *,
    state: str = "",
    update: bool = False,
    dry_run: bool = False,
    now: datetime,
    by: str = "",
) -> Report:
    """Store designs and publish them. `state` is the status all end in, as in the file when empty.

    `update` replaces the design of an experiment that is here already and keeps who was given what. Raises Invalid with
    the experiment's name; then nothing is stored.
    """
    report = Report()
    try:
        with transaction.atomic():
            _import_all(designs, report, state=state, update=update, now=now, by=by)
            if dry_run:
                raise _OnlyTrying
    except _OnlyTrying:
        pass
    return report


def _import_all(
    designs: Sequence[DesignFile], report: Report, *, state: str, update: bool, now: datetime, by: str
) -> None:
    to = words.ours(words.STATUS, state, field="state") if state else ""
    touched: dict[int, Project] = {}
    written: list[tuple[Experiment, str]] = []
    for design in designs:
        try:
            checks.check(design)
            experiment, verb = _write(design, report, to=to, update=update, now=now, by=by)
        except DomainError as error:
            raise Invalid(f"{design.name}: {error}") from error
        touched[experiment.project_id] = experiment.project
        written.append((experiment, verb))
    for project in touched.values():
        lifecycle.publish(project=project, now=now, by=by)
    for experiment, verb in written:
        ended = _walk(experiment, to, now=now, by=by) if to else experiment
        what = f"experiment {ended.name} ({ended.uid}) in {experiment.project.key}"
        report.made.append(f"{what}: {verb}, {ended.status}")


def _walk(experiment: Experiment, to: str, *, now: datetime, by: str) -> Experiment:
    """To a status; what is paused has run before."""
    paused, running = Experiment.Status.PAUSED, Experiment.Status.RUNNING
    if to == paused and experiment.status not in (paused, running):
        lifecycle.change_status(experiment=experiment, to=running, now=now, by=by)
    return lifecycle.change_status(experiment=experiment, to=to, now=now, by=by)


def _write(
    design: DesignFile, report: Report, *, to: str, update: bool, now: datetime, by: str
) -> tuple[Experiment, str]:
    """The experiment as it is stored now, and whether that was "made" or "updated"."""
    project = _project(design, report)
    existing = Experiment.objects.select_for_update(no_key=True).filter(uid=design.id).first()
    if existing is not None and not update:
        raise Invalid(f"there is an experiment {design.id} already; ask for its design to be replaced")
    if existing is not None and existing.project_id != project.pk:
        raise Invalid(f"experiment {design.id} belongs to {existing.project.key}, not to {project.key}")
    experiment = existing or Experiment(uid=design.id, project=project, key=str(design.id))
    _fill(experiment, design)
    status = to or (existing.status if existing else words.ours(words.STATUS, design.state, field="state"))
    if status == Experiment.Status.RUNNING:
        _keep_running(experiment, report.notes, now=now)
    experiment.save()
    if existing is None:
        _born(experiment, design, now=now, by=by)
    parts = PartWriter(experiment, design, report.notes)
    parts.write()
    _write_design(experiment, design, parts)
    ListWriter(experiment, report.notes).write(design)
    _note_what_is_lost(design, report.notes)
    return experiment, "updated" if existing is not None else "made"


def _project(design: DesignFile, report: Report) -> Project:
    key = design.context[0]
    project, made = Project.objects.get_or_create(key=key, defaults={"name": key})
    if made:
        report.made.append(f"project {key}: made")
    if project.source == Project.Source.MIRRORED:
        raise Invalid(f"the project {key} mirrors somebody else's datafile")
    return project


def _fill(experiment: Experiment, design: DesignFile) -> None:
    experiment.name = design.name
    experiment.description = design.description or ""
    experiment.bucketing = Experiment.Bucketing.SEEDRANDOM
    experiment.tags = list(design.tags)
    experiment.starts_at = _instant(design.startOn, "startOn")
    experiment.ends_at = _instant(design.endOn, "endOn")


def _instant(text: str | None, name: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return in_utc(found)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{name} is no time: {text}", field=name) from error


def _keep_running(experiment: Experiment, notes: list[str], *, now: datetime) -> None:
    """What runs in UpGrade runs whatever its dates say: a start still to come and an end gone by are left out."""
    if experiment.starts_at is not None and experiment.starts_at > now:
        experiment.starts_at = None
        notes.append(f"{experiment.name}: it runs before its start, which is left out")
    if experiment.ends_at is not None and experiment.ends_at <= now:
        experiment.ends_at = None
        notes.append(f"{experiment.name}: it runs after its end, which is left out")


def _born(experiment: Experiment, design: DesignFile, *, now: datetime, by: str) -> None:
    """A running experiment comes as one: it does not start anew, so nobody is kept out for having been there."""
    experiment.status = words.ours(words.STATUS, design.state, field="state")
    if experiment.status == Experiment.Status.RUNNING:
        experiment.last_activated_at = now
    experiment.save()
    StatusChange.objects.create(
        experiment=experiment, from_status="", to_status=experiment.status, changed_at=now, changed_by=by
    )


def _write_design(experiment: Experiment, design: DesignFile, parts: PartWriter) -> None:
    ending = design.enrollmentCompleteCondition
    stratification = design.stratificationFactor
    fields: dict[str, Any] = {
        "type": words.ours(words.TYPE, design.type, field="type"),
        "unit": words.ours(words.UNIT, design.assignmentUnit, field="assignmentUnit"),
        "group_type": design.group or "",
        "consistency": words.ours(words.CONSISTENCY, design.consistencyRule, field="consistencyRule"),
        "algorithm": words.ours(words.ALGORITHM, design.assignmentAlgorithm, field="assignmentAlgorithm"),
        "stratification_factor": stratification.stratificationFactorName if stratification else "",
        "condition_order": words.ours(words.ORDER, design.conditionOrder, field="conditionOrder"),
        "filter_mode": words.ours(words.FILTER_MODE, design.filterMode, field="filterMode"),
        "post_rule": words.ours(words.POST_RULE, design.postExperimentRule, field="postExperimentRule"),
        "fallback": parts.variation(design.revertTo),
        "ending_user_count": (ending and ending.userCount) or None,
        "ending_group_count": (ending and ending.groupCount) or None,
        "imported": parts.kept_as_is(),
    }
    Design.objects.update_or_create(experiment=experiment, defaults=fields)


def _note_what_is_lost(design: DesignFile, notes: list[str]) -> None:
    notes += [f"{design.name}: {sentence}" for sentence in _losses(design)]


def _losses(design: DesignFile) -> Iterable[str]:
    if len(design.context) > 1:
        yield f"it has several contexts; it is imported into {design.context[0]} only"
    if design.assignmentAlgorithm == "ts_configurable":
        yield "adaptive assignment is not supported; nobody new is given a condition"
    if design.postExperimentRule == "revert":
        yield 'the old post rule "revert" is kept as "assign"'
