"""Which transactions of the log took place, so that what was also spooled is written once."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from events.models import Commit

RECORD = f"""INSERT INTO {Commit._meta.db_table} (uid, happened, decided_at) VALUES (%s, %s, %s)
    ON CONFLICT DO NOTHING"""


class Forbidden(Exception):
    """Somebody wrote these rows already, or is about to: they are in a spool that names this commit."""


def happens(uid: UUID) -> bool:
    """Record, inside the caller's transaction, that it takes place; False if that was decided before."""
    return _decide(uid, happened=True)


def did_not_happen(uid: UUID) -> bool:
    """Whether a commit never took place; once the caller's transaction ends it never will. Waits if it is under way."""
    _decide(uid, happened=False)
    return not Commit.objects.get(uid=uid).happened


def _decide(uid: UUID, *, happened: bool) -> bool:
    now = str(datetime.now(UTC).replace(tzinfo=None))  # both databases read it as UTC
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [uid.hex, happened, now])
        return bool(cursor.rowcount == 1)
