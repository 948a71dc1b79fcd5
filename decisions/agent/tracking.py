"""Conversions on their way into the log, and upstream where a project mirrors somebody else's (agent contract §4.4)."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from decisions import snapshots
from decisions.agent import exposing, noticing
from decisions.compile import Snapshot
from decisions.upstream import forwarding
from events import collector, conversions, ingest
from experiments.errors import NotFound
from users import assignments


def track(
    snapshot: Snapshot,
    *,
    user_id: str,
    event_key: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, Any] | None,
    source: str,
    now: datetime,
) -> bool:
    """Store a conversion and return once it is committed; False, and nothing stored, for an event nobody defined.

    Raises Invalid and Unavailable as `ingest.store` does.
    """
    event_id = snapshot.engine.datafile.event_ids.get(event_key)
    if event_id is None:
        return False
    row = conversions.new(
        project_id=snapshot.project_id,
        event_id=event_id,
        event_key=event_key,
        user_id=assignments.root_id(user_id=user_id) if snapshot.has_aliases else user_id,
        attributes=attributes,
        tags=tags,
        source=source,
        now=now,
    )
    ingest.store([row])
    forwarding.forward(snapshot, [row])
    if noticing.is_wanted(snapshot):
        noticing.conversion(snapshot, row, noticing.person(user_id, attributes or None), tags)
    return True


def collect(document: object, *, source: str, now: datetime) -> None:
    """Store what an SDK's batch tells and return once it is committed; each of its events counts once.

    Raises Invalid for what is no batch, NotFound for a project that is not ours or closed to these clients, and
    Unavailable.
    """
    batch = collector.read(document)
    snapshot = snapshots.for_datafile_project(str(batch.project_id), dialect="agent", revision=str(batch.revision))
    if snapshot is None:
        raise NotFound("project", batch.project_id)
    arms = partial(exposing.row_ids, snapshot)
    rows = list(collector.rows(batch, project_id=snapshot.project_id, arms=arms, source=source, now=now))
    ingest.store(rows)
    forwarding.forward(snapshot, rows)
