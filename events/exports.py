"""The log as a stream of CSV or JSON lines, in constant memory: events, then exposures, each in the order of its id.

It is read in windows of ids, so that no server sorts the whole log and no transaction stays open for as long as a disk
takes. PostgreSQL writes CSV itself (COPY); everything else is rendered here. The columns are in `events/columns.py`.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import Max, Min, QuerySet

from events.columns import COLUMNS, CSV_CELLS, JSON_CELLS, SQL_CELLS, Column, Record
from events.models import Event, Exposure

LOGS: dict[Record, type[Event] | type[Exposure]] = {"event": Event, "exposure": Exposure}
ROWS_PER_WINDOW = 10_000
ROWS_PER_COPY = 200_000
BYTES_PER_PART = 256 * 1024


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the log: `since` <= received_at < `until`, one project or all."""

    records: tuple[Record, ...] = ("event", "exposure")
    since: datetime | None = None
    until: datetime | None = None
    project_id: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the stream. `done` of `total` ids have been looked at once it is written; `rows` are in it."""

    data: bytes
    rows: int
    done: int
    total: int


def as_csv(selection: Selection) -> Iterator[Part]:
    """A header and one row per record, in the columns that any of the selected records has. Lines end in LF."""
    columns = [column for column in COLUMNS if any(column.belongs_to(record) for record in selection.records)]
    header = Part(_csv([[column.name for column in columns]]), rows=0, done=0, total=1)
    write = _copy_csv if connection.vendor == "postgresql" else _render_csv
    size = ROWS_PER_COPY if connection.vendor == "postgresql" else ROWS_PER_WINDOW
    yield header
    for record, window, progress in _windows(selection, size):
        for data, rows in write(window, record, columns):
            yield replace(progress, data=data, rows=rows)


def as_jsonl(selection: Selection) -> Iterator[Part]:
    """One object per line, with the fields of its record; `payload` as it was sent."""
    for record, window, progress in _windows(selection, ROWS_PER_WINDOW):
        columns = [column for column in COLUMNS if column.belongs_to(record)]
        names = [column.name for column in columns]
        readers = [JSON_CELLS[column.kind] for column in columns]
        rows = window.values_list(*(column.source(record) for column in columns))
        lines = [
            orjson.dumps({name: read(cell) for name, read, cell in zip(names, readers, row, strict=True)})
            for row in rows
        ]
        yield replace(progress, data=b"\n".join([*lines, b""]), rows=len(lines))


FORMATS: dict[str, Callable[[Selection], Iterator[Part]]] = {"csv": as_csv, "jsonl": as_jsonl}


def _windows(selection: Selection, size: int) -> Iterator[tuple[Record, QuerySet[Any], Part]]:
    """Each window's rows in order, and how far the stream is once they are written."""
    logs = [(record, _selected(selection, record)) for record in selection.records]
    bounds = [log.aggregate(low=Min("id"), high=Max("id")) for _, log in logs]
    spans = [(bound["low"] or 1, bound["high"] or 0) for bound in bounds]
    total = sum(high - low + 1 for low, high in spans)
    done = 0
    for (record, log), (low, high) in zip(logs, spans, strict=True):
        for start in range(low, high + 1, size):
            end = min(start + size, high + 1)
            done += end - start
            yield record, log.filter(id__gte=start, id__lt=end).order_by("id"), Part(b"", 0, done, total)


def _selected(selection: Selection, record: Record) -> QuerySet[Any]:
    rows: QuerySet[Any] = LOGS[record]._default_manager.all()
    if selection.since is not None:
        rows = rows.filter(received_at__gte=selection.since)
    if selection.until is not None:
        rows = rows.filter(received_at__lt=selection.until)
    return rows if selection.project_id is None else rows.filter(project_id=selection.project_id)


def _render_csv(window: QuerySet[Any], record: Record, columns: list[Column]) -> Iterator[tuple[bytes, int]]:
    readers = [CSV_CELLS[column.kind] for column in columns]
    rows = [
        [read(cell) for read, cell in zip(readers, row, strict=True)]
        for row in window.values_list(*(column.source(record) for column in columns))
    ]
    yield _csv(rows), len(rows)


class _Lines(list[str]):
    """Where a CSV writer writes. It quotes what may end a line only if lines end in CRLF; ours end in LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines).encode()


def _copy_csv(window: QuerySet[Any], record: Record, columns: list[Column]) -> Iterator[tuple[bytes, int]]:
    cells = [SQL_CELLS[column.kind](column.source(record)) for column in columns]
    statement, params = window.values_list(*cells).query.sql_with_params()
    gathered = bytearray()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", params) as copy:
            for line in copy:
                gathered += line
                if len(gathered) > BYTES_PER_PART:
                    yield bytes(gathered), 0
                    gathered.clear()
        yield bytes(gathered), cursor.rowcount
