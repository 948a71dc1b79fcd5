"""The columns of an export, as a table, and how each kind of cell is written: in CSV, by PostgreSQL, in JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from django.db.models import F, Func, Model, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast, NullIf

from experiments.models import Experiment, Project, Variation

Record = Literal["event", "exposure"]
Kind = Literal["text", "number", "time", "json"]
Cell = Callable[[Any], Any]

# A spreadsheet takes a text that begins like this for a formula; an apostrophe in front makes it text again.
FORMULA_STARTS = "=+@\t\r-"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how it is written, and what it is of each record (None: that record has none)."""

    name: str
    kind: Kind
    event: Any
    exposure: Any

    def belongs_to(self, record: Record) -> bool:
        return self._of(record) is not None

    def source(self, record: Record) -> Any:
        """What to select for it: JSON as its text, nothing where the record has no such column."""
        found = self._of(record)
        if found is None:
            return Value(None, output_field=TextField())
        named = F(found) if isinstance(found, str) else found
        return Cast(named, TextField()) if self.kind == "json" else named

    def _of(self, record: Record) -> Any:
        return self.event if record == "event" else self.exposure


def _key_of(model: type[Model], reference: str) -> Subquery:
    """The key that a referenced row has today; nothing where it was deleted."""
    return Subquery(model._default_manager.filter(pk=OuterRef(reference)).order_by().values("key")[:1])


PROJECT = _key_of(Project, "project_id")
EXPERIMENT = _key_of(Experiment, "experiment_id")
VARIATION = _key_of(Variation, "variation_id")

COLUMNS = (
    Column("record", "text", Value("event"), Value("exposure")),
    Column("id", "number", "id", "id"),
    Column("received_at", "time", "received_at", "received_at"),
    Column("occurred_at", "time", "occurred_at", "occurred_at"),
    Column("project", "text", PROJECT, PROJECT),
    Column("source", "text", "source", "source"),
    Column("user_id", "text", "user_id", "user_id"),
    Column("kind", "text", "kind", None),
    Column("key", "text", "key", None),
    Column("value", "number", "value", None),
    Column("revenue", "number", "revenue", None),
    Column("experiment_id", "number", "experiment_id", "experiment_id"),
    Column("experiment", "text", EXPERIMENT, EXPERIMENT),
    Column("variation_id", "number", "variation_id", "variation_id"),
    Column("variation", "text", VARIATION, "variation_key"),
    Column("flag", "text", None, "flag_key"),
    Column("rule", "text", None, "rule_key"),
    Column("rule_type", "text", None, "rule_type"),
    Column("uuid", "text", "uuid", "uuid"),
    Column("payload", "json", "payload", "payload"),
)


def _as_is(cell: Any) -> Any:
    return cell


def _csv_text(text: str | None) -> str | None:
    return f"'{text}" if text and text[0] in FORMULA_STARTS else text


def _csv_number(number: float | None) -> float | None:
    """As PostgreSQL writes it: a whole number without a fraction."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _sql_text(source: Any) -> Func:
    neutral = Func(source, Value(f"^([{FORMULA_STARTS}])"), Value(r"'\1"), function="regexp_replace")
    return NullIf(neutral, Value(""), output_field=TextField())


def _sql_time(source: Any) -> Func:
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return Func(source, template=template, output_field=TextField())


CSV_CELLS: dict[Kind, Cell] = {"text": _csv_text, "number": _csv_number, "time": _instant, "json": _as_is}
SQL_CELLS: dict[Kind, Cell] = {"text": _sql_text, "number": _as_is, "time": _sql_time, "json": _as_is}
JSON_CELLS: dict[Kind, Cell] = {"text": _as_is, "number": _as_is, "time": _instant, "json": orjson.Fragment}
