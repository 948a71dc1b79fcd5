"""The monthly partitions of the log on PostgreSQL: kept ahead of the calendar. Other databases have none.

A row of a month without a partition lands in the default one, so nothing is ever refused, and moves when its month is
made.
"""

from datetime import UTC, datetime

from django.db import connection, transaction

LOGS = ("events_event", "events_exposure")
MONTHS_AHEAD = 3
# A long read must not make every writer queue up behind us.
PATIENCE = "2s"


def make_ahead(*, now: datetime, months: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and of `months` more where they are missing; answers the names of the new.

    Raises OperationalError when a table stays locked for longer than `PATIENCE`; what was made before stays.
    """
    if connection.vendor != "postgresql":
        return []
    first = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    wanted = [(log, month) for log in LOGS for month in range(first, first + months + 1)]
    return [name for log, month in wanted if (name := _make(log, month))]


def _make(log: str, month: int) -> str | None:
    """Make one month's partition of a log, with the month's rows that waited in the default one."""
    name = f"{log}_{month // 12}_{month % 12 + 1:02}"
    start, end = _first_day(month), _first_day(month + 1)
    if _exists(name):
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        cursor.execute(f"LOCK TABLE {log} IN SHARE UPDATE EXCLUSIVE MODE")
        if _exists(name):  # somebody else was quicker
            return None
        cursor.execute(f"LOCK TABLE {log}_default IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {log} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {log}_default WHERE received_at >= %s AND received_at < %s RETURNING *)"
            f" INSERT INTO {name} SELECT * FROM moved",
            [start, end],
        )
        cursor.execute(f"ALTER TABLE {log} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")
    return name


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        return cursor.fetchone() != (None,)


def _first_day(month: int) -> str:
    """The first instant of a month that is counted from the year 0, as PostgreSQL reads it."""
    return f"{month // 12}-{month % 12 + 1:02}-01 00:00:00+00"
