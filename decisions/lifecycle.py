"""The life of an experiment, and the verb that makes edits count: publish.

Saving edits rows; nothing decides by them before `publish` froze them. A change of status publishes at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import orjson
from django.db import transaction
from django.db.models import F, QuerySet

from decisions import documents, snapshots
from events import metric_results
from experiments.errors import Invalid, NotAllowed
from experiments.models import Design, Experiment, Project, Publication, StatusChange
from users import reached
from users.models import Assignment

Status = Experiment.Status

KEPT_PUBLICATIONS = 20

TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.INACTIVE, Status.SCHEDULED, Status.PREVIEW, Status.RUNNING, Status.ARCHIVED}),
    Status.INACTIVE: frozenset(
        {Status.DRAFT, Status.SCHEDULED, Status.PREVIEW, Status.RUNNING, Status.COMPLETED, Status.ARCHIVED}
    ),
    Status.SCHEDULED: frozenset({Status.INACTIVE, Status.PREVIEW, Status.RUNNING, Status.COMPLETED, Status.ARCHIVED}),
    Status.PREVIEW: frozenset({Status.INACTIVE, Status.SCHEDULED, Status.RUNNING, Status.COMPLETED, Status.ARCHIVED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.INACTIVE, Status.COMPLETED}),
    Status.PAUSED: frozenset({Status.RUNNING, Status.INACTIVE, Status.COMPLETED, Status.ARCHIVED}),
    Status.COMPLETED: frozenset({Status.ARCHIVED, Status.RUNNING}),
    Status.ARCHIVED: frozenset({Status.INACTIVE}),
}


def publish(*, project: Project, now: datetime, by: str = "") -> int:
    """Make what is saved count, everywhere. Answers the new revision; raises NotAllowed for a mirrored project.

    One transaction: the document, the revision and the notice to every process commit together. Two publishers at
    once wait for each other on the project's row, so both end up visible.
    """
    if project.source == Project.Source.MIRRORED:
        raise NotAllowed(f"{project} mirrors somebody else's datafile; it cannot be published here")
    with transaction.atomic():
        locked = hold(project_id=project.pk)
        document = documents.freeze(project=locked)
        _note_moved_arms(project=locked, document=document)
        Project.objects.filter(pk=locked.pk).update(revision=F("revision") + 1)
        locked.refresh_from_db()
        Publication.objects.create(
            project=locked,
            revision=locked.revision,
            document=orjson.dumps(document).decode(),
            published_at=now,
            published_by=by,
        )
        Publication.objects.filter(project=locked, revision__lte=locked.revision - KEPT_PUBLICATIONS).delete()
        snapshots.announce(project_ids=[locked.pk])
        return locked.revision


def hold(*, project_id: int) -> Project:
    """One writer's turn at what a project publishes, until the transaction ends.

    Whoever writes an experiment's row takes the project's first: one order of locks, so two writers never wait for
    each other. Readers and new assignments are not held up.
    """
    return Project.objects.select_for_update(no_key=True).get(pk=project_id)


@contextmanager
def publishing(*, project: Project, now: datetime, by: str = "") -> Iterator[None]:
    """Publish what the block writes, in the block's own transaction: for clients whose every write counts at once."""
    with transaction.atomic():
        hold(project_id=project.pk)
        yield
        publish(project=project, now=now, by=by)


def discard_project(*, project: Project) -> None:
    """Delete a project with everything below it; every process stops deciding for it."""
    with transaction.atomic():
        pk = project.pk
        hold(project_id=pk)
        _close(Experiment.objects.filter(project=project))
        project.delete()
        snapshots.announce(project_ids=[pk])


def discard(*, experiment: Experiment) -> None:
    """Delete an experiment with everything below it, in the caller's transaction, which publishes."""
    hold(project_id=experiment.project_id)
    _close(Experiment.objects.filter(pk=experiment.pk))
    experiment.delete()


def _close(experiments: QuerySet[Experiment]) -> None:
    """Let nobody add arms or samples while these go: who is about to waits here, and then finds nothing."""
    list(experiments.select_for_update().order_by("pk").values_list("pk"))


def _note_moved_arms(*, project: Project, document: documents.Document) -> None:
    """Experiments with remembered arms whose draw this publication changes must be read from now on."""
    last = Publication.objects.filter(project=project).order_by("-revision").first()
    before = {row["id"]: _drawn_by(row) for row in orjson.loads(last.document)["experiments"]} if last else {}
    after = {row["id"]: _drawn_by(row) for row in document["experiments"]}
    # One that was out of sight may have been changed meanwhile.
    moved = [pk for pk, drawn in after.items() if before.get(pk) != drawn]
    remembered = Assignment.objects.filter(experiment_id__in=moved, ended_at__isnull=True).values("experiment_id")
    Experiment.objects.filter(pk__in=remembered).update(remembers_other_arms=True)


def _drawn_by(row: dict[str, object]) -> tuple[object, ...]:
    """What of an experiment's document a draw depends on."""
    arms = row["variations"]
    assert isinstance(arms, list)
    weights = tuple((arm["id"], arm["weight"]) for arm in arms)
    return (weights, *(row[name] for name in ("traffic", "audience", "bucketing", "exclusion_group", "lists")))


def change_status(*, experiment: Experiment, to: str, now: datetime, by: str = "") -> Experiment:
    """Walk one step of an experiment's life and publish it. A start keeps out who was there before, where asked.

    A repeat of the present status changes nothing. Raises NotAllowed for a step that does not exist and Invalid for
    an experiment that cannot run as it is.
    """
    with transaction.atomic():
        project = hold(project_id=experiment.project_id)
        locked = Experiment.objects.select_related("project").get(pk=experiment.pk)
        if locked.status == to:
            return locked
        _require_step(locked, to)
        if to in (Status.RUNNING, Status.PREVIEW):
            check_runnable(experiment=locked)
        _take(locked, to, now, by)
        publish(project=project, now=now, by=by)
        return locked


def step(
    *,
    experiment: Experiment,
    to: str,
    now: datetime,
    post_rule: str | None = None,
    fallback: str | None = None,
    by: str = "",
) -> Experiment:
    """`change_status`, with what people get after the end said along. `fallback` is a variation's key.

    Raises Invalid for a fallback that is no variation, and as `change_status` does.
    """
    with transaction.atomic():
        if post_rule is not None or fallback is not None:
            _set_post_rule(experiment, post_rule, fallback)
            publish(project=experiment.project, now=now, by=by)
        return change_status(experiment=experiment, to=to, now=now, by=by)


def _set_post_rule(experiment: Experiment, post_rule: str | None, fallback: str | None) -> None:
    design, _ = Design.objects.get_or_create(experiment=experiment)
    arm = experiment.variations.filter(key=fallback).first() if fallback is not None else None
    if fallback is not None and arm is None:
        raise Invalid(f"{experiment} has no variation {fallback}", field="fallback")
    design.post_rule = post_rule or Design.PostRule.ASSIGN
    design.fallback = arm
    design.save()


def set_active(*, experiment: Experiment, active: bool, now: datetime, by: str = "") -> None:
    """Switch an experiment to running, or off, in the caller's transaction, which publishes.

    The Experiment API's switch: variations may arrive later. What a flag delivers is paused, for it is a Test Lab
    feature then and keeps its user-blocks. A repeat changes nothing. Raises NotAllowed.
    """
    hold(project_id=experiment.project_id)
    locked = Experiment.objects.get(pk=experiment.pk)
    off = Status.PAUSED if locked.flag_rules.exists() else Status.INACTIVE
    if (locked.status == Status.RUNNING) is not active:
        _take(locked, Status.RUNNING if active else off, now, by)


def _take(experiment: Experiment, to: str, now: datetime, by: str) -> None:
    """One step of an experiment's life on its locked row: recorded, stamped, and who was there before left out.

    The archive keeps the answers of its queries (upgrade contract §5).
    """
    _require_step(experiment, to)
    StatusChange.objects.create(
        experiment=experiment, from_status=experiment.status, to_status=to, changed_at=now, changed_by=by
    )
    stamp_activation(experiment=experiment, to=to, now=now)
    if to == Status.RUNNING and experiment.status != Status.PAUSED:
        reached.exclude(experiment=experiment, now=now)
    if to == Status.ARCHIVED:
        metric_results.keep(experiment=experiment)
    elif experiment.status == Status.ARCHIVED:
        metric_results.reopen(experiment=experiment)
    experiment.status = to
    experiment.save()


def _require_step(experiment: Experiment, to: str) -> None:
    if to not in TRANSITIONS[experiment.status]:
        raise NotAllowed(f"{experiment} is {experiment.status} and cannot become {to}")


def stamp_activation(*, experiment: Experiment, to: str, now: datetime) -> None:
    """Note on the (unsaved) experiment when it was last switched on or off."""
    if to == Status.RUNNING and experiment.status != Status.RUNNING:
        experiment.last_activated_at = now
    if to != Status.RUNNING and experiment.status == Status.RUNNING:
        experiment.last_deactivated_at = now


def check_runnable(*, experiment: Experiment) -> None:
    """Raise Invalid, in a researcher's words, when an experiment would give nobody anything."""
    weights = [arm.weight for arm in experiment.variations.all()]
    if not weights:
        raise Invalid(f"{experiment} has no variations yet", field="variations")
    if sum(weights) <= 0:
        raise Invalid(f"The weights of {experiment} add up to nothing", field="variations")
