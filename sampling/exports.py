"""Samples as CSV or JSON lines, one experiment after the other, oldest first, in constant memory.

They are read in windows along the index of an experiment, so nothing is sorted and no transaction stays open.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import orjson
from django.db.models import Q, QuerySet

from experiments.models import Experiment
from experiments.texts import neutral
from sampling.models import Sample

ROWS_PER_WINDOW = 5_000

COLUMNS: tuple[tuple[str, str], ...] = (
    ("id", "uid"),
    ("service", "experiment__project__key"),
    ("experiment_id", "experiment__uid"),
    ("experiment", "experiment__key"),
    ("sampled_entity", "entity"),
    ("sampled_value", "value"),
    ("allocated_bucket", "bucket"),
    ("complete", "complete"),
    ("completed_at", "completed_at"),
    ("outcome", "outcome"),
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
)
NAMES = tuple(name for name, _ in COLUMNS)

Row = tuple[Any, ...]
Chosen = QuerySet[Sample]


def selected(*, experiments: Sequence[Experiment], since: datetime | None, until: datetime | None) -> list[Chosen]:
    """The samples of each experiment, once, with `since` <= created_at < `until`."""
    bounds = {"created_at__gte": since, "created_at__lt": until}
    asked = {name: moment for name, moment in bounds.items() if moment is not None}
    return [Sample.objects.filter(experiment=pk, **asked) for pk in dict.fromkeys(row.pk for row in experiments)]


def as_csv(samples: Sequence[Chosen]) -> Iterator[tuple[bytes, int]]:
    """A header and one line per sample; a text that a spreadsheet would calculate gets an apostrophe."""
    yield _csv([NAMES]), 0
    for rows in chain.from_iterable(map(_windows, samples)):
        yield _csv([tuple(map(_cell, row)) for row in rows]), len(rows)


def as_jsonl(samples: Sequence[Chosen]) -> Iterator[tuple[bytes, int]]:
    """One object per sample."""
    for rows in chain.from_iterable(map(_windows, samples)):
        lines = [orjson.dumps(dict(zip(NAMES, row, strict=True)), option=orjson.OPT_UTC_Z) for row in rows]
        yield b"\n".join(lines) + b"\n", len(rows)


FORMATS: dict[str, Callable[[Sequence[Chosen]], Iterator[tuple[bytes, int]]]] = {"csv": as_csv, "jsonl": as_jsonl}


def _windows(samples: Chosen) -> Iterator[list[Row]]:
    """The rows of an experiment, a window at a time, each beginning where the last one ended."""
    ordered = samples.order_by("created_at", "id").values_list(*(field for _, field in COLUMNS), "pk")
    rows = list(ordered[:ROWS_PER_WINDOW])
    while rows:
        yield [row[:-1] for row in rows]
        moment, pk = rows[-1][NAMES.index("created_at")], rows[-1][-1]
        behind = Q(created_at__gt=moment) | Q(created_at=moment, pk__gt=pk)
        rows = list(ordered.filter(behind, created_at__gte=moment)[:ROWS_PER_WINDOW])


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(value).lower()
    return neutral(value) if isinstance(value, str) else value
