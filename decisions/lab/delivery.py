"""Features that count as soon as they are written: rows, publication and user-blocks in one transaction.

A writer takes its `turn` first: writers of one project go one after the other, and the clock is read after the wait,
so that no client that asked meanwhile can miss the change (testlab contract §2.7).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from decisions import lifecycle, snapshots
from decisions.lab import current
from experiments.errors import Invalid
from experiments.models import Experiment, Project, StatusChange, Variation
from features import authoring, catalogue, userblocks
from features.authoring import Wanted, WantedVariant
from features.catalogue import Feature
from features.models import Flag
from features.userblocks import Block

Status = Experiment.Status


@dataclass(frozen=True, slots=True)
class Delivered:
    """A feature as it now counts. `claimed` is the largest share of people that experiments want on any day to come."""

    feature: Feature
    claimed: Decimal


@contextmanager
def turn(*, project_key: str) -> Iterator[Project]:
    """One writer's turn at a project (made when it is missing): a transaction that holds the project's row."""
    made = current.project(key=project_key)
    with transaction.atomic():
        yield Project.objects.select_for_update(no_key=True).get(pk=made.pk)


def create(*, project: Project, wanted: Wanted, strict: bool, now: datetime) -> Delivered:
    """Raises Invalid and Conflict; with `strict` also when experiments would want more than everybody."""
    most = _most(project, strict, now)
    flag = authoring.create(project=project, wanted=wanted)
    return _deliver(project, flag.pk, most=most, now=now)


def replace(*, project: Project, feature_id: int, wanted: Wanted, strict: bool, now: datetime) -> Delivered:
    """Raises NotFound, Invalid and Conflict; then nothing has changed."""
    most = _most(project, strict, now)
    flag = authoring.replace(project=project, feature_id=feature_id, wanted=wanted)
    return _deliver(project, flag.pk, most=most, now=now)


def replace_variants(
    *, project: Project, feature_id: int, wanted: Sequence[WantedVariant], now: datetime
) -> tuple[Variation, ...]:
    """Raises NotFound and Invalid; then the variants that were are the variants that are."""
    rows = authoring.replace_variants(project=project, feature_id=feature_id, wanted=wanted)
    _deliver(project, feature_id, most=None, now=now)
    return rows


def delete(*, project: Project, feature_id: int, now: datetime) -> None:
    """Delete a feature; one that does not exist is gone already."""
    if authoring.delete(project=project, feature_id=feature_id):
        lifecycle.publish(project=project, now=now)
        current.reconcile(project=project, now=now)


def give_block(*, project: Project, name: str, feature_id: int | None, now: datetime) -> Block:
    """Give a user-block by hand. Raises NotFound."""
    block = userblocks.give(name=name, feature_id=feature_id, now=now)
    snapshots.announce(project_ids=[project.pk])
    return block


def reset_blocks(*, project: Project, now: datetime) -> tuple[Block, ...]:
    """Free all user-blocks; who needs some gets them when the features are next asked for."""
    blocks = userblocks.reset(now=now)
    snapshots.announce(project_ids=[project.pk])
    return blocks


def _most(project: Project, strict: bool, now: datetime) -> Decimal | None:
    """The share that experiments may want on one day: everybody, or what they want already; None for any."""
    return max(Decimal(1), _claimed(project, now)) if strict else None


def _claimed(project: Project, now: datetime) -> Decimal:
    return catalogue.overlap(catalogue.features(project_id=project.pk), today=now.date())


def _deliver(project: Project, feature_id: int, *, most: Decimal | None, now: datetime) -> Delivered:
    flag = Flag.objects.get(pk=feature_id)
    experiment = catalogue.experiment_of(flag)
    if experiment is not None:
        _follow(experiment, _status_of(flag, experiment), now)
    claimed = _claimed(project, now)
    if most is not None and claimed > most:
        raise Invalid("on some day the experiments would want more than everybody", field="user_percentage")
    lifecycle.publish(project=project, now=now)
    current.reconcile(project=project, now=now)
    return Delivered(catalogue.feature(project_id=project.pk, feature_id=feature_id), claimed)


def _status_of(flag: Flag, experiment: Experiment) -> str:
    """What an experiment's status is by its feature: it runs while the feature does, once it has variants."""
    if flag.kind != Flag.Kind.EXPERIMENT:
        started = experiment.status not in (Status.DRAFT, Status.INACTIVE)
        return Status.COMPLETED if started else experiment.status
    if not experiment.variations.exists():
        return Status.INACTIVE
    return Status.RUNNING if flag.is_running else Status.PAUSED


def _follow(experiment: Experiment, status: str, now: datetime) -> None:
    if experiment.status == status:
        return
    StatusChange.objects.create(
        experiment=experiment, from_status=experiment.status, to_status=status, changed_at=now, changed_by="testlab"
    )
    lifecycle.stamp_activation(experiment=experiment, to=status, now=now)
    experiment.status = status
    experiment.save()
