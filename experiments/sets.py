"""Many values in one parameter, on both databases: a JSON list that SQL reads as a set of rows.

Ten thousand rows are then one statement, where the ORM would need hundreds. What is read or written is not known here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models.expressions import RawSQL

TEXTS = {"sqlite": "json_each(%s)", "postgresql": "json_array_elements_text(CAST(%s AS json))"}
ROWS = {"sqlite": "json_each(%s)", "postgresql": "json_array_elements(CAST(%s AS json))"}
UID = {"sqlite": "value ->> 0", "postgresql": "CAST(value ->> 0 AS uuid)"}


def among(texts: Iterable[str]) -> RawSQL:
    """For `field__in=among(texts)`."""
    return RawSQL(f"SELECT value FROM {TEXTS[connection.vendor]}", [orjson.dumps(list(texts)).decode()])


def insert_new(
    *, into: str, columns: Sequence[tuple[str, str]], fixed: Sequence[Any], rows: Sequence[Sequence[object]]
) -> None:
    """Insert `rows`, lists that begin with a UUID's 32 hex digits, but for those a unique constraint forbids.

    `columns` are (name, SQL): `value ->> n` is the text at n of a row, `%s` takes the next of `fixed`. All names and
    SQL are the caller's own, never a client's.
    """
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(sql for _, sql in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {into} (uid, {names}) SELECT {UID[connection.vendor]}, {values} "
            f"FROM {ROWS[connection.vendor]} WHERE true ON CONFLICT DO NOTHING",
            [*fixed, orjson.dumps(rows).decode()],
        )
