"""The columns of an export, as a table, and how each kind of cell is written: here, and by PostgreSQL itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast, NullIf

from experiments.models import Experiment, Project, Variation
from experiments.texts import FORMULA_STARTS, neutral

Record = Literal["event", "exposure"]
# "text" is what clients and researchers wrote, "word" is ours; "reference" is a row id, written as that row's key.
Kind = Literal["word", "text", "number", "time", "json", "reference"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how it is written, its field in each record (None: that record has none).

    For a reference `names` reads the keys that rows have today, by row id; it is asked once per export.
    """

    name: str
    kind: Kind
    event: str | None
    exposure: str | None
    names: Callable[[], Mapping[int, str]] | None = None

    def field(self, record: Record) -> str | None:
        return self.event if record == "event" else self.exposure


def _projects() -> Mapping[int, str]:
    return dict(Project.objects.order_by().values_list("pk", "key"))


def _experiments() -> Mapping[int, str]:
    return dict(Experiment.objects.order_by().values_list("pk", "key"))


def _variations() -> Mapping[int, str]:
    return dict(Variation.objects.order_by().values_list("pk", "key"))


COLUMNS = (
    Column("id", "number", "id", "id"),
    Column("received_at", "time", "received_at", "received_at"),
    Column("occurred_at", "time", "occurred_at", "occurred_at"),
    Column("project", "reference", "project_id", "project_id", _projects),
    Column("source", "word", "source", "source"),
    Column("user_id", "text", "user_id", "user_id"),
    Column("kind", "word", "kind", None),
    Column("key", "text", "key", None),
    Column("value", "number", "value", None),
    Column("revenue", "number", "revenue", None),
    Column("experiment_id", "number", "experiment_id", "experiment_id"),
    Column("experiment", "reference", "experiment_id", "experiment_id", _experiments),
    Column("variation_id", "number", "variation_id", "variation_id"),
    Column("variation", "reference", "variation_id", "variation_id", _variations),
    Column("variation_key", "text", None, "variation_key"),
    Column("flag_key", "text", None, "flag_key"),
    Column("rule_key", "text", None, "rule_key"),
    Column("rule_type", "word", None, "rule_type"),
    Column("uuid", "text", "uuid", "uuid"),
    Column("payload", "json", "payload", "payload"),
)


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def number(value: float | None) -> float | None:
    """As PostgreSQL writes it: a whole number without a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def selected(column: Column, record: Record) -> Any:
    """What to select where the cells are written here: JSON comes as its text."""
    field = column.field(record)
    if field is None:
        return Value(None, output_field=TextField())
    return Cast(F(field), TextField()) if column.kind == "json" else F(field)


def reader(column: Column, *, csv: bool) -> Callable[[Any], Any]:
    """How a selected cell is written, as CSV or into a JSON object."""
    if column.names is not None:
        keys = column.names()
        return {pk: neutral(key) for pk, key in keys.items()}.get if csv else keys.get
    return (CSV_CELLS if csv else JSON_CELLS).get(column.kind, _as_is)


def written_by_sql(column: Column, record: Record, *, csv: bool) -> Any:
    """The same cell as an expression that PostgreSQL evaluates to its final text, or number in JSON."""
    field = column.field(record)
    if field is None:
        return Value(None, output_field=TextField())
    if column.names is not None:
        return _sql_key(field, {str(pk): neutral(key) if csv else key for pk, key in column.names().items()})
    return (SQL_CSV_CELLS if csv else SQL_JSON_CELLS).get(column.kind, F)(field)


def _sql_key(field: str, keys: Mapping[str, str]) -> Func:
    known = Cast(Value(orjson.dumps(keys).decode()), JSONField())
    return Func(
        known, Cast(F(field), TextField()), template="(%(expressions)s)", arg_joiner=" ->> ", output_field=TextField()
    )


def _sql_word(field: str) -> NullIf:
    return NullIf(F(field), Value(""), output_field=TextField())


def _sql_text(field: str) -> NullIf:
    quoted = Func(F(field), Value(f"^([{FORMULA_STARTS}])"), Value(r"'\1"), function="regexp_replace")
    return NullIf(quoted, Value(""), output_field=TextField())


def _sql_time(field: str) -> Func:
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return Func(F(field), template=template, output_field=TextField())


def _sql_json(field: str) -> Cast:
    return Cast(F(field), TextField())


def _as_is(cell: Any) -> Any:
    return cell


CSV_CELLS: dict[Kind, Callable[[Any], Any]] = {
    "text": lambda text: text and neutral(text), "number": number, "time": instant,
}  # fmt: skip
JSON_CELLS: dict[Kind, Callable[[Any], Any]] = {"time": instant, "json": orjson.Fragment}
SQL_CSV_CELLS: dict[Kind, Callable[[str], Any]] = {
    "word": _sql_word, "text": _sql_text, "time": _sql_time, "json": _sql_json,
}  # fmt: skip
SQL_JSON_CELLS: dict[Kind, Callable[[str], Any]] = {"time": _sql_time}
