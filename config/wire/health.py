"""`GET /health`: this process answers. It touches no database (Experiment API document, "Health Check").

`GET /health?detail` says more, still without the database: whether decisions come from the last good snapshots, and
what waits in the spool.
"""

from typing import Any

import orjson

from config.wire.message import Answer, Request
from decisions import snapshots
from events import writer

HEALTHY = Answer(200, b'{"status":"healthy"}', "application/json")


def health(request: Request) -> Answer:
    """Health Check"""
    if request.value("detail") is None:
        return HEALTHY
    return Answer(200, orjson.dumps({"status": "healthy", **condition()}), "application/json")


def condition() -> dict[str, Any]:
    """How this process fares, for `/health?detail` and the metrics."""
    seen, log = snapshots.condition(), writer.status()
    return {
        "projects": seen.projects,
        "database_away_since": seen.database_away_since,
        "events_are_spooled": log.is_detoured,
        "spooled_bytes": log.spooled_bytes,
        "dropped_exposures": log.dropped,
    }
