"""UpGrade's routes that report: log, bloblog, caliper (upgrade contract §5)."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from config.wire.message import Answer
from config.wire.upgrade.door import UpgradeDoor, described
from config.wire.upgrade.errors import NO_USER, Refused
from config.wire.upgrade.grammar import Call, ok, route
from config.wire.upgrade.shapes import NonEmpty, Nothing
from events import caliper, metric_logs
from events.metric_logs import SIMPLE, Logged, Reading
from events.models import MetricLog
from experiments.errors import NotFound
from users import people

Attributes = dict[str, int | float | NonEmpty]


class GroupedMetric(msgspec.Struct):
    groupClass: NonEmpty
    groupKey: NonEmpty
    groupUniquifier: NonEmpty
    attributes: Attributes


class Metrics(msgspec.Struct):
    attributes: Attributes | UnsetType | None = UNSET
    groupedMetrics: list[GroupedMetric] | UnsetType | None = UNSET


class Entry(msgspec.Struct):
    timestamp: NonEmpty
    metrics: Metrics


class LogBody(msgspec.Struct):
    value: list[Entry]


@route(LogBody, said=list[dict[str, Any]])
def log(call: Call[LogBody]) -> Answer:
    """Measurements of a person. What no experiment asks for is dropped silently."""
    return ok(_rows(_logged(call)))


@route(LogBody, said=list[dict[str, Any]])
def bloblog(call: Call[LogBody]) -> Answer:
    """The same in one text, as a page sends it when it closes."""
    try:
        logged = _logged(call)
    except NotFound as error:
        said = json.dumps({"type": NO_USER, "message": f"User not found: {error.key}"})
        raise Refused(404, said, type=NO_USER) from error
    stamps = {row.pk: _stamps(row) for row in (*logged.updated, *logged.inserted)}
    return ok([{**row, **stamps[row["id"]]} for row in _rows(logged)])


def _logged(call: Call[LogBody]) -> Logged:
    readings = [reading for entry in call.body.value for reading in _readings(entry)]
    return metric_logs.log(user_id=call.user_id, readings=readings, now=datetime.now(UTC))


def _readings(entry: Entry) -> list[Reading]:
    moment = metric_logs.moment(entry.timestamp)
    plain, grouped = entry.metrics.attributes, entry.metrics.groupedMetrics
    readings = [Reading((), SIMPLE, plain, moment)] if plain else []
    return readings + [
        Reading((each.groupClass, each.groupKey), each.groupUniquifier, each.attributes, moment)
        for each in grouped or ()
    ]


def _rows(logged: Logged) -> list[dict[str, Any]]:
    """Rows that changed, then rows that are new."""
    user = people.described(row_id=logged.person_id)
    updated = [{**_row(row), "userId": logged.user_id} for row in logged.updated]
    inserted = [
        {**_row(row), "metrics": [{"key": key} for key in logged.metrics[row.pk]], "user": user}
        for row in logged.inserted
    ]
    return updated + inserted


def _row(row: MetricLog) -> dict[str, Any]:
    return {"id": row.pk, "uniquifier": row.uniquifier, "timeStamp": _instant(row.logged_at), "data": row.data}


def _stamps(row: MetricLog) -> dict[str, Any]:
    return {"createdAt": _instant(row.created_at), "updatedAt": _instant(row.updated_at), "versionNumber": 1}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@route(Nothing, said=dict[str, Any])
def log_caliper(call: Call[Nothing]) -> Answer:
    """A Caliper envelope, kept as it is."""
    stored = caliper.keep(user_id=call.user_id, envelope=call.raw, now=datetime.now(UTC))
    return ok({"stored": stored})


class Logs(UpgradeDoor):
    log = described(log)
    bloblog = described(bloblog)
    caliper = described(log_caliper)
