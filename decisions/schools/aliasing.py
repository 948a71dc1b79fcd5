"""Another id for a person, and telling the decisions that such ids exist at all."""

from collections.abc import Sequence

from django.db import transaction

from decisions import snapshots
from experiments.models import Project
from users import people
from users.models import UserAlias


def add(*, user_id: str, aliases: Sequence[str]) -> tuple[str, list[str]]:
    """Give a person more ids, as `people.add_aliases` does. The first alias ever makes every decision look."""
    with transaction.atomic():
        is_first = not UserAlias.objects.exists()
        added = people.add_aliases(user_id=user_id, aliases=aliases)
        if is_first and added[1]:
            snapshots.announce(project_ids=Project.objects.order_by("pk").values_list("pk", flat=True))
        return added
