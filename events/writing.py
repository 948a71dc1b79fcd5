"""How rows get into the tables: many at once, each client uuid once, a bad row without its neighbours.

Who may call this: `ingest` inside a caller's transaction, the writer thread, and the replay of a spool.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import DataError, IntegrityError, connection, transaction

from events import commits
from events.models import Event, Exposure, Quarantine, SeenEvent
from events.rows import FIELDS, NewEvent, NewExposure, Row, payload_text

logger = logging.getLogger(__name__)

# What a row, not the database, is to blame for.
BAD_ROW = (DataError, IntegrityError, OverflowError, TypeError, ValueError)

# What a database driver would render slowly is rendered here, and comes last.
RENDERED = ("occurred_at", "received_at", "payload")
PLAIN_FIELDS = {kind: tuple(name for name in names if name not in RENDERED) for kind, names in FIELDS.items()}
PLAIN: dict[type, Callable[[Any], tuple[Any, ...]]] = {kind: attrgetter(*PLAIN_FIELDS[kind]) for kind in FIELDS}
COLUMNS = {kind: (*PLAIN_FIELDS[kind], *RENDERED) for kind in FIELDS}
TABLES = {NewEvent: Event._meta.db_table, NewExposure: Exposure._meta.db_table}

REMEMBER = {
    "postgresql": f"INSERT INTO {SeenEvent._meta.db_table} (project_id, uuid, received_at)"
    " SELECT (value ->> 0)::bigint, value ->> 1, (value ->> 2)::timestamptz FROM jsonb_array_elements(%s::jsonb)"
    " ON CONFLICT DO NOTHING RETURNING project_id, uuid",
    "sqlite": f"INSERT INTO {SeenEvent._meta.db_table} (project_id, uuid, received_at)"
    " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')"
    " FROM json_each(%s) WHERE true"
    " ON CONFLICT DO NOTHING RETURNING project_id, uuid",
}

Insert = Callable[[Sequence[Row]], None]


def commit(rows: Sequence[Row], *, uid: UUID) -> None:
    """Write rows in a transaction of their own, and with them that this commit happened.

    Rows that the database refuses go to the quarantine. Raises commits.Forbidden, and what the database raises when
    it is away; then nothing is certain but that `commits.did_not_happen` will tell.
    """

    def work(put: Insert) -> None:
        if not commits.happens(uid):
            raise commits.Forbidden(str(uid))
        put(rows)

    in_one_transaction(work)


def in_one_transaction(work: Callable[[Insert], None]) -> None:
    """Do work that inserts rows; if one of them is bad do it again, carefully."""
    try:
        with transaction.atomic():
            work(insert)
    except BAD_ROW:
        with transaction.atomic():
            work(_insert_or_quarantine)


def insert(rows: Sequence[Row]) -> None:
    """Insert rows into the caller's transaction, all or none; those with a known client uuid are left out."""
    fresh = _unseen(rows)
    for kind in (NewEvent, NewExposure):
        if values := [_values(row) for row in fresh if type(row) is kind]:
            _insert_values(kind, values)


def _insert_or_quarantine(rows: Sequence[Row]) -> None:
    """The same, in halves as long as something in them is bad; a single bad row is put aside."""
    try:
        with transaction.atomic():
            insert(rows)
    except BAD_ROW as error:
        if len(rows) == 1:
            quarantine(source=rows[0].source, reason=str(error), payload=repr(rows[0]))
            return
        middle = len(rows) // 2
        _insert_or_quarantine(rows[:middle])
        _insert_or_quarantine(rows[middle:])


def quarantine(*, source: str, reason: str, payload: str) -> None:
    """Keep what the log refused, for a person to look at."""
    logger.error("A row of %s was put into quarantine: %s", source, reason)
    Quarantine.objects.create(
        source=_storable(source)[:16],
        reason=_storable(reason),
        payload=_storable(payload),
        received_at=datetime.now(UTC),
    )


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _unseen(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows without a client uuid, and of those with one the first that anybody brought."""
    named = {(row.project_id, row.uuid): row for row in reversed(rows) if row.uuid}
    if not named:
        return rows
    # In one order everywhere, so that two writers never wait for each other.
    seen = [(*key, _received(named[key].received_at)) for key in sorted(named)]
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER[connection.vendor], [orjson.dumps(seen).decode()])
        new = {(project_id, uuid) for project_id, uuid in cursor.fetchall()}
    return [row for row in rows if not row.uuid or _is_first(row, named, new)]


def _is_first(row: Row, named: dict[tuple[int, str], Row], new: set[tuple[int, str]]) -> bool:
    key = (row.project_id, row.uuid)
    return key in new and named[key] is row


def _values(row: Row) -> tuple[Any, ...]:
    plain = PLAIN[type(row)](row)
    received = _received(row.received_at)
    occurred = received if row.occurred_at is row.received_at else _instant(row.occurred_at)
    return (*plain, occurred, received, payload_text(row.payload))


def _instant(moment: datetime) -> str:
    """As Django writes it for SQLite; PostgreSQL reads it too, its sessions being in UTC."""
    at_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return at_utc.isoformat(" ").removesuffix("+00:00")


_received = lru_cache(maxsize=64)(_instant)  # one moment for all that a request brings


def _insert_values(kind: type[Row], values: Sequence[tuple[Any, ...]]) -> None:
    names = ", ".join(COLUMNS[kind])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copying = cursor.copy(f"COPY {TABLES[kind]} ({names}) FROM STDIN")
            with connection.wrap_database_errors, copying as copy:
                for row in values:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(COLUMNS[kind]))
            cursor.executemany(f"INSERT INTO {TABLES[kind]} ({names}) VALUES ({places})", values)
