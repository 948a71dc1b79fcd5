"""When an experiment has enough people and pauses by itself (upgrade contract §4, Ending criteria)."""

from datetime import datetime

from django.db.models import Count

from decisions import lifecycle
from decisions.plans import Plan
from experiments.models import Experiment
from users.assignments import USER
from users.models import Assignment


def ends(plan: Plan) -> bool:
    """Whether the experiment runs until it has enough people."""
    return plan.status == "running" and (plan.ending_user_count is not None or plan.ending_group_count is not None)


def has_ended(plan: Plan) -> bool:
    """Whether an experiment that `ends` has done so by now.

    Its project is held until the transaction ends: enrolments take turns, so that not one too many is let in.
    """
    lifecycle.hold(project_id=Experiment.objects.values_list("project_id", flat=True).get(pk=plan.id))
    return Experiment.objects.values_list("status", flat=True).get(pk=plan.id) != Experiment.Status.RUNNING


def check(*, plan: Plan, now: datetime) -> None:
    """Pause the experiment if its counts are reached; called where somebody has just been enrolled."""
    if ends(plan) and is_reached(plan):
        experiment = Experiment.objects.get(pk=plan.id)
        lifecycle.change_status(experiment=experiment, to=Experiment.Status.PAUSED, now=now, by="ending criteria")


def is_reached(plan: Plan) -> bool:
    """Enough groups with enough people in an experiment of groups that counts them; else enough people."""
    people = Assignment.objects.filter(experiment_id=plan.id, unit_type=USER, ended_at__isnull=True)
    if plan.unit == "group" and plan.ending_group_count is not None:
        enough = plan.ending_user_count or 1
        sizes = people.exclude(group_id="").values("group_id").annotate(size=Count("id")).order_by("group_id")
        return sizes.filter(size__gte=enough).count() >= plan.ending_group_count
    return plan.ending_user_count is not None and people.count() >= plan.ending_user_count
