"""Which bucket we choose: the arm the entity has in every other dialect, remembered first, drawn else."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from decisions import deciding, snapshots
from decisions.engine import Subject
from experiments.buckets import PERCENT, in_words
from experiments.errors import Invalid
from experiments.models import Experiment
from users import assignments
from users.assignments import Unit
from users.models import Assignment

TOLERANCE = Decimal("0.000001")
NO_ATTRIBUTES: Mapping[str, object] = {}


def choose(*, experiment: Experiment, entity: str, now: datetime) -> Assignment:
    """The entity's arm, remembered from now on. Raises Invalid (field `allocated_bucket`), saying why there is none."""
    root = assignments.root_id(user_id=entity)
    remembered = assignments.find(experiment_id=experiment.pk, unit=Unit(root))
    if remembered is not None and remembered.variation is not None:
        return remembered
    reason = why_closed(experiment=experiment, now=now)
    if reason:
        raise Invalid(reason, field="allocated_bucket")
    snapshot = snapshots.for_project(experiment.project_id)
    arm = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject(root, NO_ATTRIBUTES))
    if arm is None:
        raise Invalid("This entity is not let into the experiment", field="allocated_bucket")
    assignment, _ = deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=entity,
        variation_id=arm.id,
        method=Assignment.Method.DRAW,
        now=now,
    )
    return assignment


def why_closed(*, experiment: Experiment, now: datetime) -> str:
    """Why nobody new gets a bucket, "" when everything is ready (contract §2, §3)."""
    if not experiment.project.active:
        return "The service is not active"
    if experiment.status != Experiment.Status.RUNNING:
        return "The experiment is not active"
    if experiment.starts_at is not None and experiment.starts_at > now:
        return "The experiment has not started yet"
    if experiment.ends_at is not None and experiment.ends_at <= now:
        return "The experiment has ended"
    return why_unallocatable(experiment=experiment)


def why_unallocatable(*, experiment: Experiment) -> str:
    """Why the buckets cannot be drawn from, "" when their shares add up to 100."""
    shares = [arm.weight * PERCENT for arm in experiment.variations.all()]
    if not shares:
        return "The experiment has no buckets"
    total = sum(shares, Decimal(0))
    if abs(total - PERCENT) <= TOLERANCE:
        return ""
    return f"The shares of the buckets must sum to 100, not {in_words(total)}"
