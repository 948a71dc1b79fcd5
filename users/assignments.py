"""Every arm that was remembered: the only writer of `Assignment`. First write wins.

What the draw would be is not known here; see `decisions.deciding.remember`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, UUIDField

from experiments import texts
from experiments.identity import new_uids
from experiments.sets import Among, insert_new
from users.models import Assignment, UserAlias

USER = "user"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is randomised: a person (`type` "user") or a group (`type` its type, such as "classId")."""

    id: str
    type: str = USER


def root_id(*, user_id: str) -> str:
    """The person an id stands for: the root of an alias, else the id itself."""
    if not texts.is_storable(user_id):
        return user_id
    root = UserAlias.objects.filter(alias=user_id).values_list("user__external_id", flat=True).first()
    return user_id if root is None else root


def of_user(*, user_id: str, experiment_ids: Sequence[int]) -> tuple[str, Mapping[int, int | None]]:
    """The person's root id and live arms, `{experiment id: variation id}`, in one read. Aliases are resolved.

    Plain SQL: this is the one read a hot decision may cost, and building it by the ORM takes longer than running it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_of_user_sql(len(experiment_ids)), _of_user_values(user_id, experiment_ids))
        found = cursor.fetchall()
    root = next((row[0] for row in found if row[0] is not None), user_id)
    return root, {experiment: variation for _, experiment, variation in found if experiment is not None}


def _of_user_values(user_id: str, experiment_ids: Sequence[int]) -> list[str | int]:
    return [user_id, user_id, *experiment_ids, user_id] if experiment_ids else [user_id]


@lru_cache(maxsize=256)
def _of_user_sql(experiments: int) -> str:
    alias = (
        "SELECT person.external_id FROM users_useralias alias "
        "JOIN users_experimentuser person ON person.id = alias.user_id WHERE alias.alias = %s"
    )
    arms = (
        "SELECT NULL, experiment_id, variation_id FROM users_assignment "
        f"WHERE unit_type = '{USER}' AND ended_at IS NULL AND unit_id = COALESCE(({alias}), %s) "
        f"AND experiment_id IN ({', '.join(['%s'] * experiments)})"
    )
    root = alias.replace("SELECT person.external_id", "SELECT person.external_id, NULL, NULL")
    return f"{arms} UNION ALL {root}" if experiments else root


def find(*, experiment_id: int, unit: Unit) -> Assignment | None:
    """The live assignment of a unit, None when there is none."""
    return (
        Assignment.objects.filter(
            experiment_id=experiment_id, unit_type=unit.type, unit_id=unit.id, ended_at__isnull=True
        )
        .select_related("variation")
        .order_by("id")
        .first()
    )


def were_given(*, variation_ids: Sequence[int]) -> bool:
    """Whether one of these variations was ever given to anybody, ended assignments included."""
    return Assignment.objects.filter(variation_id__in=variation_ids).exists()


def were_given_in(*, experiment_id: int) -> bool:
    """Whether an experiment ever gave anything to anybody."""
    return Assignment.objects.filter(experiment_id=experiment_id).exists()


def remember(
    *,
    experiment_id: int,
    unit: Unit,
    variation_id: int | None,
    method: str,
    now: datetime,
    group_id: str = "",
    ip_address: str = "",
) -> tuple[Assignment, bool]:
    """Store a unit's arm unless it has one; answers the stored row and whether this call made it.

    Two callers at once: the unique constraint `one_live_assignment_per_experiment_and_unit` lets one win.
    """
    row = Assignment(
        experiment_id=experiment_id,
        variation_id=variation_id,
        unit_type=unit.type,
        unit_id=unit.id,
        group_id=group_id,
        ip_address=ip_address,
        method=method,
        assigned_at=now,
    )
    return remember_each([row])[0]


def remember_each(rows: Sequence[Assignment]) -> list[tuple[Assignment, bool]]:
    """The same for rows that are not stored yet, in their order; of two of one unit and experiment the first counts."""
    # In one order everywhere, so that two writers never wait for each other.
    made = _insert(sorted(rows, key=_claim))
    kept = {} if len(made) == len(rows) else _live([row for row in rows if made.get(_claim(row)) is not row])
    return [(row, True) if made.get(_claim(row)) is row else (kept[_claim(row)], False) for row in rows]


def _claim(row: Assignment) -> tuple[int, str, str]:
    """What only one live row may have."""
    return row.experiment_id, row.unit_type, row.unit_id


def _live(rows: Sequence[Assignment]) -> Mapping[tuple[int, str, str], Assignment]:
    """What kept these rows out."""
    if len(rows) == 1:
        stored = find(experiment_id=rows[0].experiment_id, unit=Unit(rows[0].unit_id, rows[0].unit_type))
        assert stored is not None, "what kept the row out is there"
        return {_claim(rows[0]): stored}
    found = Assignment.objects.filter(
        Among("unit_id", {row.unit_id for row in rows}),
        experiment_id__in={row.experiment_id for row in rows},
        ended_at__isnull=True,
    )
    return {_claim(stored): stored for stored in found.order_by("id")}


FIELDS = [field for field in Assignment._meta.concrete_fields if not field.primary_key]
ATTRIBUTES = attrgetter(*(field.attname for field in FIELDS))
# What databases take otherwise than Python has it; texts and numbers go as they are.
ADAPTED = [(at, field) for at, field in enumerate(FIELDS) if isinstance(field, UUIDField | DateTimeField)]


def _insert(rows: Sequence[Assignment]) -> Mapping[tuple[int, str, str], Assignment]:
    """Insert those that no constraint forbids, and give them their ids. Plain SQL, as in `of_user`."""
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(len(rows)), list(chain.from_iterable(_values(row, cursor.db) for row in rows)))
        ids = {(experiment, kind, unit): pk for pk, experiment, kind, unit in cursor.fetchall()}
    made = {}
    for row in rows:
        if (pk := ids.pop(_claim(row), None)) is not None:
            row.pk, row._state.adding = pk, False
            made[_claim(row)] = row
    return made


def _values(row: Assignment, database: BaseDatabaseWrapper) -> list[Any]:
    values = list(ATTRIBUTES(row))
    for at, field in ADAPTED:
        if values[at] is not None:
            values[at] = field.get_db_prep_save(values[at], database)
    return values


@lru_cache(maxsize=64)
def _insert_sql(rows: int) -> str:
    names = ", ".join(str(field.column) for field in FIELDS)
    marks = f"({', '.join(['%s'] * len(FIELDS))})"
    return (
        f"INSERT INTO {Assignment._meta.db_table} ({names}) VALUES {', '.join([marks] * rows)}"
        " ON CONFLICT DO NOTHING RETURNING id, experiment_id, unit_type, unit_id"
    )


def root_ids(*, user_ids: Sequence[str]) -> Mapping[str, str]:
    """The person behind each id that is an alias; other ids are left out. One read."""
    found = UserAlias.objects.filter(Among("alias", user_ids)).order_by("id")
    return dict(found.values_list("alias", "user__external_id"))


def live(*, experiment_id: int, user_ids: Sequence[str]) -> dict[str, tuple[int, int | None]]:
    """`{user id: (assignment id, variation id)}` of those who have an arm. One read."""
    found = Assignment.objects.filter(
        Among("unit_id", user_ids), experiment_id=experiment_id, unit_type=USER, ended_at__isnull=True
    ).order_by("id")
    return {unit: (pk, variation) for unit, pk, variation in found.values_list("unit_id", "pk", "variation_id")}


def remember_many(
    *, experiment_id: int, arms: Mapping[str, int], method: str, now: datetime
) -> dict[str, tuple[int, int | None]]:
    """Store the arms `{user id: variation id}` of those who have none yet; answers what then holds, as `live` does.

    One statement: `bulk_create` would take a second for ten thousand. In one order everywhere, so that two batches of
    the same people never wait for each other.
    """
    ordered = sorted(arms.items())
    made = insert_new(
        into=Assignment._meta.db_table,
        columns=(
            ("unit_id", "value ->> 1"),
            ("variation_id", "CAST(value ->> 2 AS bigint)"),
            ("experiment_id", "%s"),
            ("method", "%s"),
            ("assigned_at", "%s"),
            ("unit_type", f"'{USER}'"),
            ("group_id", "''"),
            ("ip_address", "''"),
        ),
        fixed=(experiment_id, method, connection.ops.adapt_datetimefield_value(now)),
        rows=[(uid.hex, user, arm) for uid, (user, arm) in zip(new_uids(len(ordered)), ordered, strict=True)],
        returning=("unit_id", "id", "variation_id"),
    )
    stored = {unit: (pk, variation) for unit, pk, variation in made}
    there = [user for user in arms if user not in stored]
    return stored | live(experiment_id=experiment_id, user_ids=there) if there else stored


def end(*, experiment_id: int, unit: Unit, now: datetime) -> int:
    """End a unit's live assignment; the row is kept as history. Answers how many were ended (0 or 1)."""
    return Assignment.objects.filter(
        experiment_id=experiment_id, unit_type=unit.type, unit_id=unit.id, ended_at__isnull=True
    ).update(ended_at=now)


def erase(*, project_id: int, user_ids: Sequence[str]) -> None:
    """Delete every arm, live or ended, of a person in one project, as a client asks when it deletes its user."""
    Assignment.objects.filter(unit_type=USER, unit_id__in=user_ids, experiment__project_id=project_id).delete()


def bring(rows: Sequence[Assignment]) -> tuple[int, list[tuple[Assignment, int | None]]]:
    """Store many arms that were given elsewhere, at most one per unit and experiment; a live one that is here stands.

    Answers how many are new, and each row that was not with the variation that stands.
    """
    Assignment.objects.bulk_create(rows, ignore_conflicts=True)
    stored = {
        (row.experiment_id, row.unit_type, row.unit_id): row
        for row in Assignment.objects.filter(
            experiment_id__in={row.experiment_id for row in rows},
            unit_id__in=[row.unit_id for row in rows],
            ended_at__isnull=True,
        )
    }
    there = [(row, stored[row.experiment_id, row.unit_type, row.unit_id]) for row in rows]
    kept = [(row, found.variation_id) for row, found in there if found.uid != row.uid]
    return len(rows) - len(kept), kept
