"""What Test Lab records of users: the variant a client says it shows, and what they then do (testlab contract §2.4).

A variant is remembered for every dialect. Which experiment a variant belongs to and which users are known is kept in
memory for as long as the project's snapshot is the same; deleting a user or a feature makes another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from decisions import deciding, snapshots
from decisions.compile import Snapshot
from decisions.deciding import Wish
from decisions.lab import current
from events import responses
from experiments.errors import Conflict, NotFound
from experiments.models import Project, Variation
from users import assignments, recorded
from users.models import Assignment
from users.together import Together

MOST_KNOWN = 200_000
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class _Memory:
    """`arms` are experiments by their variations, `known` users of whom something was recorded, `rows` repeats."""

    snapshot: Snapshot
    arms: Mapping[int, int]
    known: set[str] = field(default_factory=set)
    rows: dict[tuple[str, int], Assignment] = field(default_factory=dict)

    def meet(self, person: str) -> None:
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        self.known.add(person)

    def keep(self, user_id: str, row: Assignment) -> Assignment:
        """The Ruby SDK posts its user again at every evaluation."""
        if len(self.rows) >= MOST_ROWS:
            self.rows.clear()
        self.rows[user_id, row.variation_id or 0] = row
        return row


_memories: dict[str, _Memory] = {}


def record(*, project_key: str, user_id: str, variation_id: int, ip_address: str, now: datetime) -> Assignment:
    """Remember that a user has a variant; a repeat answers the row that is there.

    Raises NotFound for an unknown variant and Conflict when the user has another variant of the same experiment.
    """
    recorded.check_id(user_id)
    memory = _memory(project_key)
    if kept := memory.rows.get((user_id, variation_id)):
        return kept
    wish = Wish(
        experiment_id=_experiment_id(memory, variation_id),
        user_id=user_id,
        variation_id=variation_id,
        method=Assignment.Method.CLIENT,
        now=now,
        ip_address=ip_address,
    )
    stored = _remembered(memory.snapshot.project_id, wish)
    if stored.variation_id != variation_id:
        raise Conflict(f"{user_id} has another variant of this experiment")
    return memory.keep(user_id, stored)


def _remembered(project_id: int, wish: Wish) -> Assignment:
    """The stored row: written with those of everybody who asks at the same time, or in the caller's transaction."""
    if connection.in_atomic_block:
        return deciding.remember_each(project_id=project_id, wishes=[wish])[0][0]
    return _together.do((project_id, wish))


def _write(asked: Sequence[tuple[int, Wish]]) -> list[Assignment]:
    """All projects but one are rare: each is a transaction of its own."""
    stored: dict[int, Assignment] = {}
    for project_id in {project for project, _ in asked}:
        places = [at for at, (project, _) in enumerate(asked) if project == project_id]
        rows = deciding.remember_each(project_id=project_id, wishes=[asked[at][1] for at in places])
        stored |= {at: row for at, (row, _) in zip(places, rows, strict=True)}
    return [stored[at] for at in range(len(asked))]


_together: Together[tuple[int, Wish], Assignment] = Together(_write)


def respond(*, project_key: str, user_id: str, variation_id: int, occurred_at: datetime, now: datetime) -> None:
    """Store an event of a user; returns once it is safe.

    Raises NotFound for an unknown variant and for a user of whom the project knows nothing.
    """
    recorded.check_id(user_id)
    memory = _memory(project_key)
    experiment_id = _experiment_id(memory, variation_id)
    person = assignments.root_id(user_id=user_id) if memory.snapshot.has_aliases else user_id
    if person not in memory.known:
        if not recorded.is_known(project_id=memory.snapshot.project_id, user_id=person):
            raise NotFound("user", user_id)
        memory.meet(person)
    responses.store(
        project_id=memory.snapshot.project_id,
        experiment_id=experiment_id,
        variation_id=variation_id,
        user_id=person,
        occurred_at=occurred_at,
        now=now,
    )


def forget(*, project: Project, user_id: str) -> None:
    """Delete what this project recorded of a user: variants and events. The person stays known to other projects."""
    recorded.check_id(user_id)
    with transaction.atomic():
        ids = [user_id, assignments.root_id(user_id=user_id)]
        responses.erase(project_id=project.pk, user_ids=ids)
        assignments.erase(project_id=project.pk, user_ids=ids)
        snapshots.announce(project_ids=[project.pk])


def _memory(project_key: str) -> _Memory:
    snapshot = snapshots.for_key(project_key)
    if snapshot is None:
        snapshot = snapshots.for_project(current.project(key=project_key).pk)
    memory = _memories.get(project_key)
    if memory is None or memory.snapshot is not snapshot:
        arms = {arm.id: experiment.id for experiment in snapshot.experiments.values() for arm in experiment.arms}
        memory = _memories[project_key] = _Memory(snapshot, arms)
    return memory


def _experiment_id(memory: _Memory, variation_id: int) -> int:
    """The experiment of a variant; one that is not published (ended, say) is looked up. Raises NotFound."""
    if variation_id in memory.arms:
        return memory.arms[variation_id]
    arms = Variation.objects.filter(pk=variation_id, experiment__project_id=memory.snapshot.project_id)
    found = arms.values_list("experiment_id", flat=True).first()
    if found is None:
        raise NotFound("variant", variation_id)
    return found
