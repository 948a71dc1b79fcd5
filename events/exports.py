"""The log as a stream of CSV or JSON lines, in constant memory: events, then exposures, each in the order of its id.

It is read in windows of ids, so that no server sorts the whole log and no transaction stays open for as long as a disk
takes. PostgreSQL writes the text itself (COPY); elsewhere it is rendered here. The columns are in `events/columns.py`.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Func, Max, Min, QuerySet, TextField, Value

from events import columns
from events.columns import Column, Record
from events.models import Event, Exposure

LOGS: dict[Record, type[Event] | type[Exposure]] = {"event": Event, "exposure": Exposure}
ROWS_PER_WINDOW = 5_000
ROWS_PER_COPY = 200_000
BYTES_PER_PART = 256 * 1024
LOCK_TIMEOUT = "2s"

# JSON escapes every control character, so these never occur in it and COPY adds nothing to it.
JSON_LINES = r"FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02'"

Window = QuerySet[Any]
Written = Iterator[tuple[bytes, int]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the log: `since` <= received_at < `until`, one project or all, `after` < id <= `through`."""

    records: tuple[Record, ...] = ("event", "exposure")
    since: datetime | None = None
    until: datetime | None = None
    project_id: int | None = None
    after: Mapping[Record, int] = field(default_factory=dict)
    through: Mapping[Record, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the stream. `done` of `total` ids have been looked at once it is written; `rows` are in it."""

    data: bytes
    rows: int
    done: int
    total: int


def as_csv(selection: Selection) -> Iterator[Part]:
    """A header and one row per record, in the columns that any of the selected records has. Lines end in LF."""
    chosen = [column for column in columns.COLUMNS if any(column.field(record) for record in selection.records)]
    yield Part(_csv([["record", *(column.name for column in chosen)]]), rows=0, done=0, total=1)
    yield from _parts(selection, lambda record: _csv_writer(record, chosen))


def as_jsonl(selection: Selection) -> Iterator[Part]:
    """One object per line, with the fields of its record; `payload` as it was sent."""
    yield from _parts(selection, lambda record: _jsonl_writer(record, _own(record)))


FORMATS: dict[str, Callable[[Selection], Iterator[Part]]] = {"csv": as_csv, "jsonl": as_jsonl}


def _own(record: Record) -> list[Column]:
    return [column for column in columns.COLUMNS if column.field(record)]


def _parts(selection: Selection, writer: Callable[[Record], Callable[[Window], Written]]) -> Iterator[Part]:
    logs = [(record, _selected(selection, record)) for record in selection.records]
    bounds = [log.aggregate(low=Min("id"), high=Max("id")) for _, log in logs]
    spans = [(bound["low"] or 1, bound["high"] or 0) for bound in bounds]
    done, total = 0, sum(high - low + 1 for low, high in spans)
    size = ROWS_PER_COPY if _copies() else ROWS_PER_WINDOW
    for (record, log), (low, high) in zip(logs, spans, strict=True):
        write = writer(record)
        for start in range(low, high + 1, size):
            end = min(start + size, high + 1)
            for data, rows in write(log.filter(id__gte=start, id__lt=end).order_by("id")):
                yield Part(data, rows, done, total)
            done += end - start
            yield Part(b"", 0, done, total)


def _selected(selection: Selection, record: Record) -> Window:
    rows: Window = LOGS[record]._default_manager.all()
    if selection.since is not None:
        rows = rows.filter(received_at__gte=selection.since)
    if selection.until is not None:
        rows = rows.filter(received_at__lt=selection.until)
    if record in selection.after:
        rows = rows.filter(id__gt=selection.after[record])
    if record in selection.through:
        rows = rows.filter(id__lte=selection.through[record])
    return rows if selection.project_id is None else rows.filter(project_id=selection.project_id)


def settled(record: Record) -> int:
    """The highest id up to which nothing can still arrive, 0 in an empty log.

    Ids are handed out before rows are committed, so a higher one may be visible first. PostgreSQL's lock is granted
    when every writer under way has ended, and is gone at once. One log at a time: a writer may hold the other's.
    Raises OperationalError when a writer does not end within `LOCK_TIMEOUT`.
    """
    model = LOGS[record]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute(f"LOCK TABLE {model._meta.db_table} IN SHARE MODE")
        highest: int | None = model._default_manager.aggregate(high=Max("id"))["high"]
    return highest or 0


def _copies() -> bool:
    return connection.vendor == "postgresql"


def _csv_writer(record: Record, chosen: list[Column]) -> Callable[[Window], Written]:
    if _copies():
        cells = [Value(record), *(columns.written_by_sql(column, record, csv=True) for column in chosen)]
        return lambda window: _copied(window.values_list(*cells), "FORMAT csv")
    fields = [columns.selected(column, record) for column in chosen]
    readers = [columns.reader(column, csv=True) for column in chosen]

    def write(window: Window) -> Written:
        rows = [[record, *_read(readers, row)] for row in window.values_list(*fields)]
        yield _csv(rows), len(rows)

    return write


def _jsonl_writer(record: Record, own: list[Column]) -> Callable[[Window], Written]:
    names = ["record", *(column.name for column in own)]
    if _copies():
        cells = [Value(record), *(columns.written_by_sql(column, record, csv=False) for column in own)]
        pairs = [part for name, cell in zip(names, cells, strict=True) for part in (Value(name), cell)]
        line = Func(*pairs, function="json_build_object", output_field=TextField())
        return lambda window: _copied(window.values_list(line), JSON_LINES)
    fields = [columns.selected(column, record) for column in own]
    readers = [columns.reader(column, csv=False) for column in own]

    def write(window: Window) -> Written:
        rows = [dict(zip(names, (record, *_read(readers, row)), strict=True)) for row in window.values_list(*fields)]
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows), len(rows)

    return write


def _read(readers: Iterable[Callable[[Any], Any]], row: Iterable[Any]) -> Iterator[Any]:
    return (read(cell) for read, cell in zip(readers, row, strict=True))


class _Lines(list[str]):
    """Where a CSV writer writes. It quotes what may end a line only if lines end in CRLF; ours end in LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines).encode()


def _copied(rows: QuerySet[Any, Any], form: str) -> Written:
    """What PostgreSQL writes for these rows, in pieces; their number comes with the last one."""
    statement, params = rows.query.sql_with_params()
    gathered = bytearray()
    with connection.cursor() as cursor:
        copying = cursor.copy(f"COPY ({statement}) TO STDOUT ({form})", params)
        with connection.wrap_database_errors, copying as lines:
            for line in lines:
                gathered += line
                if len(gathered) > BYTES_PER_PART:
                    yield bytes(gathered), 0
                    gathered.clear()
        yield bytes(gathered), cursor.rowcount
