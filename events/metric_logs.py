"""Measurements of people, merged by timestamp and uniquifier: the only writer of `MetricLog` (upgrade contract §5).

Only what some experiment asks for is kept; each measurement that is kept is an event too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F

from events import ingest
from events.ingest import NewEvent
from events.models import Metric, MetricLog
from experiments import texts
from experiments.errors import Invalid
from experiments.instants import in_utc
from experiments.models import Experiment
from users import people

JOINT = "@__@"
SIMPLE = "1"
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing measured at one moment. `path` is the nesting of its attributes, () for plain ones."""

    path: tuple[str, ...]
    uniquifier: str
    attributes: Mapping[str, Value]
    logged_at: datetime

    def key(self, attribute: str) -> str:
        return JOINT.join((*self.path, attribute))


@dataclass(frozen=True, slots=True)
class Logged:
    """Rows that were there and were asked to change, then rows that are new; `metrics` are the keys of new rows."""

    person_id: int
    user_id: str
    updated: tuple[MetricLog, ...]
    inserted: tuple[MetricLog, ...]
    metrics: Mapping[int, tuple[str, ...]]


def log(*, user_id: str, readings: Sequence[Reading], now: datetime) -> Logged:
    """Store readings. A newer value replaces the older one of the same key and uniquifier; an older one is ignored.

    Sent twice, it changes nothing. Raises NotFound for an unknown user and Invalid for texts that cannot be stored.
    """
    for reading in readings:
        _check(reading)
    with transaction.atomic():
        people.lock(user_id=user_id)
        person = people.known(user_id=user_id)
        wanted = _wanted({reading.key(name) for reading in readings for name in reading.attributes})
        merge = _Merge(person.external_id, wanted)
        for reading in readings:
            merge.take(reading)
        merge.save()
    ingest.store(_events(person.external_id, readings, wanted, now))
    return Logged(person.pk, person.external_id, tuple(merge.updated.values()), tuple(merge.inserted), dict(merge.keys))


def _check(reading: Reading) -> None:
    texts.check(*reading.path, field="groupedMetrics")
    texts.check(reading.uniquifier, field="groupUniquifier")
    for name, value in reading.attributes.items():
        texts.check(name, field="attributes")
        if isinstance(value, str):
            texts.check(value, field=name, longest=10_000)


def _wanted(keys: set[str]) -> dict[str, list[Metric]]:
    """The metrics behind these keys that some query of an experiment not archived asks for, in any project."""
    alive = Experiment.objects.exclude(status=Experiment.Status.ARCHIVED)
    asked = Metric.objects.filter(key__in=keys, queries__experiment__in=alive)
    found: dict[str, list[Metric]] = {}
    for metric in asked.distinct().order_by("project_id", "pk"):
        found.setdefault(metric.key, []).append(metric)
    return found


class _Merge:
    """One request's readings against the rows that were there before it."""

    def __init__(self, user_id: str, wanted: Mapping[str, list[Metric]]) -> None:
        self._user_id = user_id
        self._wanted = wanted
        self._there: dict[tuple[str, str], list[MetricLog]] = {}
        self.updated: dict[int, MetricLog] = {}
        self.inserted: list[MetricLog] = []
        self.keys: dict[int, tuple[str, ...]] = {}
        self._new: list[tuple[MetricLog, list[str]]] = []
        self._read()

    def _read(self) -> None:
        rows = MetricLog.objects.filter(user_id=self._user_id, metrics__key__in=list(self._wanted)).order_by("pk")
        by_id: dict[int, MetricLog] = {}
        seen: set[tuple[int, str]] = set()
        for row in rows.annotate(metric_key=F("metrics__key")):
            kept = by_id.setdefault(row.pk, row)
            if (row.pk, row.metric_key) not in seen:
                seen.add((row.pk, row.metric_key))
                self._there.setdefault((row.metric_key, row.uniquifier), []).append(kept)

    def take(self, reading: Reading) -> None:
        fresh: dict[str, Value] = {}
        moved: list[MetricLog] = []
        for name, value in reading.attributes.items():
            key = reading.key(name)
            if key not in self._wanted:
                continue
            rows = self._there.get((key, reading.uniquifier), [])
            if not rows:
                fresh[name] = value
            elif (row := _row_for(rows, reading.logged_at)) is not None:
                _put(row.data, (*reading.path, name), value)
                moved.append(row)
        for row in moved:
            row.logged_at = reading.logged_at
            self.updated[row.pk] = row
        if fresh:
            self._insert(reading, fresh)

    def _insert(self, reading: Reading, fresh: Mapping[str, Value]) -> None:
        data: dict[str, Any] = {}
        for name, value in fresh.items():
            _put(data, (*reading.path, name), value)
        row = MetricLog(user_id=self._user_id, uniquifier=reading.uniquifier, logged_at=reading.logged_at, data=data)
        self._new.append((row, [reading.key(name) for name in fresh]))

    def save(self) -> None:
        for row in self.updated.values():
            row.save(update_fields=["data", "logged_at", "updated_at"])
        for row, keys in self._new:
            metrics = [metric for key in keys for metric in self._wanted[key]]
            row.project_id = metrics[0].project_id
            row.save()
            row.metrics.set(metrics)
            self.inserted.append(row)
            self.keys[row.pk] = tuple(keys)


def _row_for(rows: Sequence[MetricLog], moment: datetime) -> MetricLog | None:
    """The row a value belongs to: the one of that very moment, else the latest if that is older; None: ignored."""
    same = next((row for row in rows if row.logged_at == moment), None)
    if same is not None:
        return same
    latest = max(rows, key=lambda row: row.logged_at)
    return latest if latest.logged_at < moment else None


def _put(data: dict[str, Any], path: Iterable[str], value: Value) -> None:
    *way, last = path
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


def _events(
    user_id: str, readings: Sequence[Reading], wanted: Mapping[str, list[Metric]], now: datetime
) -> list[NewEvent]:
    return [
        _event(user_id, reading, metric, value, now)
        for reading in readings
        for name, value in reading.attributes.items()
        for metric in wanted.get(reading.key(name), ())
    ]


def _event(user_id: str, reading: Reading, metric: Metric, value: Value, now: datetime) -> NewEvent:
    said = (user_id, metric.key, reading.uniquifier, reading.logged_at.isoformat(), repr(value))
    return NewEvent(
        project_id=metric.project_id,
        source="upgrade",
        kind="log",
        key=metric.key,
        user_id=user_id,
        occurred_at=reading.logged_at,
        received_at=now,
        uuid=sha256("\0".join(said).encode()).hexdigest()[:48],
        value=None if isinstance(value, str) else float(value),
        payload={"uniquifier": reading.uniquifier, "value": value},
    )


def at(data: Mapping[str, Any], key: str) -> Any:
    """The value of a metric's key inside a row's data, None when it is not there."""
    node: Any = data
    for step in key.split(JOINT):
        node = node.get(step) if isinstance(node, Mapping) else None
    return node


def moment(text: str) -> datetime:
    """A client's timestamp, in UTC. Raises Invalid for what is none, or is none in UTC."""
    for read in (datetime.fromisoformat, _written_out):
        try:
            found = read(text)
            return in_utc(found)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    raise Invalid(f"{text[:60]} is no time", field="timestamp")


def _written_out(text: str) -> datetime:
    """A date in words, also as JavaScript writes one: `Thu Jan 01 2026 10:00:00 GMT+0100 (…)`."""
    return parsedate_to_datetime(text.replace("GMT+", "+").replace("GMT-", "-"))
