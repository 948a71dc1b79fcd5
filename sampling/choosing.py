"""Which bucket we choose: the arm the entity has in every other dialect, remembered first, drawn else."""

from datetime import datetime

from decisions import deciding, snapshots
from decisions.compile import Arm
from decisions.engine import Subject
from experiments.errors import Invalid
from experiments.models import Experiment
from sampling import readiness
from users import assignments
from users.assignments import Unit
from users.models import Assignment

NOT_LET_IN = "This entity is not let into the experiment"


def choose(*, experiment: Experiment, entity: str, now: datetime) -> Assignment:
    """The entity's arm, remembered from now on. Raises Invalid (field `allocated_bucket`), saying why there is none."""
    root = assignments.root_id(user_id=entity)
    remembered = assignments.find(experiment_id=experiment.pk, unit=Unit(root))
    if remembered is not None and remembered.variation is not None:
        return remembered
    reason = readiness.why_closed(experiment=experiment, now=now)
    if reason:
        raise Invalid(reason, field="allocated_bucket")
    arm = _drawn(experiment, root)
    if arm is None:
        raise Invalid(NOT_LET_IN, field="allocated_bucket")
    assignment, _ = deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=entity,
        variation_id=arm.id,
        method=Assignment.Method.DRAW,
        now=now,
    )
    return assignment


def _drawn(experiment: Experiment, user_id: str) -> Arm | None:
    snapshot = snapshots.as_of(project=experiment.project)
    comparison = snapshot.experiments.get(experiment.pk)
    return None if comparison is None else deciding.draw(snapshot, comparison, Subject(user_id, {}))
