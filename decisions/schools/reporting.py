"""A mark as clients report it: stored, or kept on this machine's disk while the database is away, and stored later.

What storing means is in `decisions.schools.marking`. A file per mark, under its final name once it is whole and synced.
"""

import contextlib
import logging
import os
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from decisions import snapshots
from decisions.drawing import recalling
from decisions.schools import marked_points, marking
from decisions.schools.marking import Marked, Sighting
from events import commits, writing
from events.spool import sync_directory
from experiments.errors import DomainError, Unavailable
from experiments.identity import new_uid

logger = logging.getLogger(__name__)

SUFFIX = ".mark"
MOST_WAITING = 100_000
RETRY_SECONDS = 5


def report(*, sighting: Sighting, now: datetime) -> Marked:
    """Store a mark; while the database is away, keep it and answer what is known. Raises as `marking.mark`.

    A mark that was kept is as safe as the disk. Raises Unavailable when it cannot be kept either.
    """
    if recalling.is_away():
        return _postponed(sighting, now)
    try:
        return marking.mark(sighting=sighting, now=now)
    except recalling.AWAY:
        if not _answers():
            recalling.lost()
        return _postponed(sighting, now)


def _answers() -> bool:
    """Whether it was this one transaction that failed (two waited for each other), and not the database."""
    return connection.connection is not None and connection.is_usable()


def _postponed(sighting: Sighting, now: datetime) -> Marked:
    """What can be checked without the database is checked now; the rest when the mark is stored."""
    marking.check(sighting)
    points = marked_points.at(sighting.site, sighting.target, project_key=sighting.project_key)
    named = points.live_named(sighting.experiment_uid)
    if named is not None:
        named.check_condition(sighting.condition)
    uid = new_uid()
    _keep(uid, sighting, now)
    return Marked(uid, sighting.user_id, sighting.condition, sighting.experiment_uid, None)


def waiting() -> Path:
    """Where marks wait."""
    return Path(settings.VAR_DIR) / "marks"


def _keep(uid: UUID, sighting: Sighting, now: datetime) -> None:
    root = waiting()
    unfinished, finished = root / f".{uid}", root / f"{time.time_ns():020}-{uid}{SUFFIX}"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sum(1 for _ in os.scandir(root)) >= MOST_WAITING:
            raise OSError(f"{MOST_WAITING} marks wait already")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(orjson.dumps({"at": now, "sighting": asdict(sighting)}))
            file.flush()
            os.fdatasync(file.fileno())
        unfinished.rename(finished)
        sync_directory(root)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        logger.error("A mark cannot be kept in %s: %s", root, error)
        raise Unavailable("Marks cannot be stored at the moment", retry_after=RETRY_SECONDS) from error


def store_waiting() -> int:
    """Store the marks that wait, in their order, each once, whoever tries and how often; answers how many there were.

    Raises what the database raises when it is away; what was not stored stays.
    """
    paths = sorted(waiting().glob(f"*{SUFFIX}"))
    if paths:
        snapshots.refresh()
    for path in paths:
        _store(path)
    return len(paths)


def _store(path: Path) -> None:
    try:
        content = orjson.loads(path.read_bytes())
        uid = UUID(path.stem.partition("-")[2])
        sighting, at = Sighting(**content["sighting"]), datetime.fromisoformat(content["at"])
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        _set_aside(path)
        return
    try:
        with transaction.atomic():
            if commits.happens(uid):
                marking.mark(sighting=sighting, now=at, uid=uid)
    except DomainError as refusal:
        writing.quarantine(source="upgrade", reason=f"A mark was refused: {refusal}", payload=str(content["sighting"]))
    except recalling.AWAY:
        raise
    except DatabaseError:
        _set_aside(path)
        return
    path.unlink(missing_ok=True)


def _set_aside(path: Path) -> None:
    """One mark that cannot be stored must not hold up the others. Call it where the error is caught."""
    logger.exception("The mark in %s cannot be stored; it stays for a person to look at", path)
    path.rename(path.with_suffix(".stuck"))
