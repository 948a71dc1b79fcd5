"""What a person keeps when they change from one working group to another (upgrade contract §3.7)."""

from collections.abc import Callable, Mapping
from datetime import datetime

from experiments.models import Design, Experiment
from users import assignments, exclusions
from users.assignments import Unit

LIVE = (Experiment.Status.RUNNING, Experiment.Status.PAUSED)


def settle(*, user_id: str, before: Mapping[str, str], after: Mapping[str, str], now: datetime) -> None:
    """End or lift what depended on the groups that were left, by each experiment's consistency."""
    changed = [kind for kind in {*before, *after} if before.get(kind) != after.get(kind)]
    if not changed:
        return
    touched = Design.objects.filter(unit=Design.Unit.GROUP, group_type__in=changed, experiment__status__in=LIVE)
    for experiment_id, consistency in touched.order_by("pk").values_list("experiment_id", "consistency"):
        for step in STEPS[consistency or Design.Consistency.EXPERIMENT]:
            step(experiment_id, user_id, now)


def _end_arm(experiment_id: int, user_id: str, now: datetime) -> None:
    assignments.end(experiment_id=experiment_id, unit=Unit(user_id), now=now)


def _lift_exclusions(experiment_id: int, user_id: str, now: datetime) -> None:
    """The person's own; and the groups', once nobody of this experiment is excluded any more."""
    exclusions.lift(experiment_id=experiment_id, unit=Unit(user_id))
    if not exclusions.excludes_people(experiment_id=experiment_id):
        exclusions.lift_groups(experiment_id=experiment_id)


Step = Callable[[int, str, datetime], None]

STEPS: dict[str, tuple[Step, ...]] = {
    Design.Consistency.GROUP: (_end_arm, _lift_exclusions),
    Design.Consistency.INDIVIDUAL: (_lift_exclusions,),
    Design.Consistency.EXPERIMENT: (_end_arm,),
}
