"""Test Lab's events: what a recorded user did while a variant was shown (testlab contract §2.4).

Writing and erasing; lists are in `events/selectors.py`, what they amount to in `events/analysis.py`.
"""

from datetime import datetime

from django.db.models import Exists, Subquery, Value
from django.db.models.functions import Coalesce

from events import ingest
from events.ingest import NewEvent
from events.models import Event
from experiments.errors import NotFound
from experiments.models import Variation
from users.assignments import USER, root_id
from users.models import Assignment, UserAlias

KIND = "testlab"


def store(*, project_key: str, user_id: str, variation_id: int, occurred_at: datetime, now: datetime) -> None:
    """Store one event of the person behind the id; returns once it is committed.

    Raises NotFound for an unknown variant and for a user of whom the project knows nothing.
    """
    ingest.check_text(user_id, field_name="user_id")
    project_id, experiment_id, person = _checked(project_key, user_id, variation_id)
    event = NewEvent(
        project_id=project_id,
        source=KIND,
        kind=KIND,
        key="",
        user_id=person,
        occurred_at=occurred_at,
        received_at=now,
        experiment_id=experiment_id,
        variation_id=variation_id,
    )
    ingest.store([event])


def _checked(project_key: str, user_id: str, variation_id: int) -> tuple[int, int, str]:
    """The project, the experiment and the person, in one read."""
    root = Subquery(UserAlias.objects.filter(alias=user_id).values("user__external_id")[:1])
    known = Assignment.objects.filter(
        experiment__project__key=project_key, unit_type=USER, unit_id=Coalesce(root, Value(user_id))
    )
    found = (
        Variation.objects.filter(pk=variation_id, experiment__project__key=project_key)
        .annotate(person=Coalesce(root, Value(user_id)), is_known=Exists(known))
        .values_list("experiment__project_id", "experiment_id", "person", "is_known")
        .first()
    )
    if found is None:
        raise NotFound("variant", variation_id)
    if not found[3]:
        raise NotFound("user", user_id)
    return found[0], found[1], found[2]


def erase(*, project_id: int, user_id: str) -> None:
    """Delete a project's events of one user, as a client asks when it deletes the user."""
    person = root_id(user_id=user_id)
    Event.objects.filter(project_id=project_id, user_id__in=(user_id, person), kind=KIND).delete()
