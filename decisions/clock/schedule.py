"""What the calendar does to experiments: a scheduled one starts, a running one ends.

With decision points it ends as in UpGrade: paused, so that its rule for afterwards says what its learners keep.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from decisions import lifecycle
from experiments.errors import Invalid, NotAllowed
from experiments.models import Experiment

logger = logging.getLogger(__name__)

Status = Experiment.Status
BY = "schedule"


def follow(*, now: datetime) -> None:
    """Walk every experiment whose instant has come one step on, and publish it.

    One that cannot run as it is becomes inactive again, so that its researcher sees that it did not start.
    """
    over = Q(status__in=(Status.SCHEDULED, Status.RUNNING), ends_at__lte=now)
    due = Q(status=Status.SCHEDULED, starts_at__lte=now)
    _walk(over, lambda experiment: _change(experiment, _end_of(experiment), now))
    _walk(due, lambda experiment: _start(experiment, now))


def _end_of(experiment: Experiment) -> str:
    has_learners = experiment.status == Status.RUNNING and experiment.points.exists()
    return Status.PAUSED if has_learners else Status.COMPLETED


def _walk(whose: Q, take_step: Callable[[Experiment], None]) -> None:
    """Each in a transaction of its own, and only if it is still due when it is our turn."""
    for pk, project_id in Experiment.objects.filter(whose).order_by("pk").values_list("pk", "project_id"):
        with transaction.atomic():
            lifecycle.hold(project_id=project_id)
            experiment = Experiment.objects.filter(whose, pk=pk).first()
            if experiment is not None:
                take_step(experiment)


def _start(experiment: Experiment, now: datetime) -> None:
    try:
        _change(experiment, Status.RUNNING, now)
    except Invalid as fault:
        logger.warning("%s could not be started by its schedule: %s", experiment, fault)
        _change(experiment, Status.INACTIVE, now)


def _change(experiment: Experiment, to: str, now: datetime) -> None:
    try:
        with transaction.atomic():
            lifecycle.change_status(experiment=experiment, to=to, now=now, by=BY)
    except NotAllowed as refusal:
        logger.warning("The schedule of %s cannot be followed: %s", experiment, refusal)
