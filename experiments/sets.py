"""Many values in one parameter, on both databases: a JSON list that SQL reads as a set of rows.

Ten thousand rows are then one statement, where the ORM would need hundreds. What is read or written is not known here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler

ROWS = {"sqlite": "json_each(%s)", "postgresql": "json_array_elements(CAST(%s AS json))"}
UID = {"sqlite": "value ->> 0", "postgresql": "CAST(value ->> 0 AS uuid)"}


class Among(Func):
    """`filter(Among("unit_id", texts))`: the field is one of these texts.

    PostgreSQL gets an array, not a set of rows: it guesses a set to be small and then walks it for every row.
    """

    output_field = BooleanField()

    def __init__(self, field: str, texts: Iterable[str]) -> None:
        super().__init__(F(field))
        self.texts = list(texts)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.get_source_expressions()[0])
        return f"{column} IN (SELECT value FROM json_each(%s))", (*parameters, orjson.dumps(self.texts).decode())

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.get_source_expressions()[0])
        return f"{column} = ANY(%s)", (*parameters, self.texts)


def insert_new(
    *,
    into: str,
    columns: Sequence[tuple[str, str]],
    fixed: Sequence[Any],
    rows: Sequence[Sequence[object]],
    returning: Sequence[str] = ("id",),
) -> list[tuple[Any, ...]]:
    """Insert `rows`, lists that begin with a UUID's 32 hex digits, but for those a unique constraint forbids.

    Answers the columns `returning` of those that were inserted, in any order.

    `columns` are (name, SQL): `value ->> n` is the text at n of a row, `%s` takes the next of `fixed`. All names and
    SQL are the caller's own, never a client's.
    """
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(sql for _, sql in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {into} (uid, {names}) SELECT {UID[connection.vendor]}, {values} "
            f"FROM {ROWS[connection.vendor]} WHERE true ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}",
            [*fixed, orjson.dumps(rows).decode()],
        )
        return list(cursor.fetchall())
