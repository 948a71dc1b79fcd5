"""Users as Test Lab records them: the variant a client says it shows somebody, remembered for every dialect (§2.4)."""

from datetime import datetime

from django.db import transaction

from decisions import deciding, snapshots
from events import responses
from experiments.errors import Conflict, NotFound
from experiments.models import Project, Variation
from users import recorded
from users.models import Assignment


def record(*, project_key: str, user_id: str, variation_id: int, ip_address: str, now: datetime) -> Assignment:
    """Remember that a user has a variant; a repeat answers the row that is there.

    Raises NotFound for an unknown variant and Conflict when the user has another variant of the same experiment.
    """
    recorded.check_id(user_id)
    found = _arm(project_key, variation_id)
    if found is None:
        raise NotFound("variant", variation_id)
    project_id, experiment_id = found
    stored, _ = deciding.remember(
        project_id=project_id,
        experiment_id=experiment_id,
        user_id=user_id,
        variation_id=variation_id,
        method=Assignment.Method.CLIENT,
        now=now,
        ip_address=ip_address,
    )
    if stored.variation_id != variation_id:
        raise Conflict(f"{user_id} has another variant of this experiment")
    return stored


def _arm(project_key: str, variation_id: int) -> tuple[int, int] | None:
    """The project and the experiment of a variant, None when the project has none of that id."""
    arms = Variation.objects.filter(pk=variation_id, experiment__project__key=project_key)
    return arms.values_list("experiment__project_id", "experiment_id").first()


def forget(*, project: Project, user_id: str) -> None:
    """Delete what this project recorded of a user: variants and events. The person stays known to other projects."""
    recorded.check_id(user_id)
    with transaction.atomic():
        responses.erase(project_id=project.pk, user_id=user_id)
        recorded.delete(project_id=project.pk, user_id=user_id)
        snapshots.announce(project_ids=[project.pk])
