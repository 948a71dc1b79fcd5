"""What one person would get of one experiment, and why: for researchers who ask, never for clients. Writes nothing.

The answer is that of what is published; the story is told by the reference interpreter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from decisions import deciding, snapshots
from decisions.compile import Arm, Comparison, Snapshot
from decisions.drawing import assigning
from decisions.engine import Subject
from experiments.models import Design, Experiment
from users import assignments, recorded


@dataclass(frozen=True, slots=True)
class Told:
    """`person` is who is behind the id, `arm` what they get now (None: nothing), `kept` what is remembered of them."""

    person: str
    arm: Arm | None
    kept: Arm | None
    reasons: tuple[str, ...]


def of_person(*, experiment: Experiment, user_id: str, attributes: Mapping[str, object], now: datetime) -> Told:
    """Raises Invalid for an id that cannot be stored."""
    recorded.check_id(user_id)
    person, arms = assignments.of_user(user_id=user_id, experiment_ids=[experiment.pk])
    snapshot = snapshots.for_project(experiment.project_id)
    found = snapshot.experiments.get(experiment.pk)
    kept = None if found is None else found.arm(arms.get(experiment.pk))
    if found is None or not snapshot.is_active:
        return Told(person, None, kept, ("What is published gives this experiment to nobody.",))
    if not found.is_open(now):
        return Told(person, None, kept, ("Today lies outside the dates of the experiment.",))
    if not found.expressible:
        return _by_plan(snapshot, found, person, kept)
    return _by_engine(snapshot, found, Subject(person, attributes), kept, arms)


def _by_plan(snapshot: Snapshot, found: Comparison, person: str, kept: Arm | None) -> Told:
    if snapshot.plans.by_id[found.id].unit == Design.Unit.WITHIN_SUBJECTS:
        return Told(person, None, kept, ("Everybody meets all conditions, one after the other: there is no one arm.",))
    arm = found.arm(assigning.arm_in(snapshot, found.id, person))
    return Told(person, arm, kept, ("Decided by the server alone: local SDKs do not see this experiment.",))


def _by_engine(
    snapshot: Snapshot, found: Comparison, subject: Subject, kept: Arm | None, arms: Mapping[int, int | None]
) -> Told:
    profile = deciding.profile_of(snapshot, arms)
    decision = snapshot.engine.explain_experiment(found.key, subject, profile=profile)
    if decision is None:
        return Told(subject.user_id, None, kept, ("It is not running: nobody new is let in.",))
    arm = None if decision.variation is None else found.arm_by_datafile_id(decision.variation.id)
    return Told(subject.user_id, arm, kept, decision.reasons)
