"""What Test Lab's clients poll: today's features as published, and the user-blocks (testlab contract §2.6, §2.7).

`at` answers from memory while the project's snapshot and the day are the same; only a change makes it read, and give
user-blocks to whom they belong, in one transaction under the project's lock.
"""

import logging
import threading
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.db import DatabaseError, transaction

from decisions import datafiles, documents, snapshots
from decisions.compile import Snapshot
from experiments.errors import Unavailable
from experiments.models import Experiment, Project, Publication
from features import catalogue, userblocks
from features.catalogue import Feature, Variant
from features.models import Flag
from features.userblocks import Block, Claim
from users import shared_memory

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
TOLD = "testlab_changes"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Current:
    """The current features by id, all user-blocks, and when any of this last changed."""

    project_id: int
    project_uid: str
    features: tuple[Feature, ...]
    blocks: tuple[Block, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Held:
    """What was last read, good for one snapshot and one day."""

    project_key: str
    snapshot: Snapshot | None
    day: date
    value: Current


@dataclass(frozen=True, slots=True)
class _Failure:
    """When the database last failed, and what this process knew then: a newer snapshot says that it is back."""

    at: float
    snapshot: Snapshot | None


@dataclass(slots=True)
class _State:
    """`late` is when a project's state (by its uid) was read again after a failure."""

    held: _Held | None = None
    failure: _Failure | None = None
    late: tuple[str, datetime] | None = None


_state = _State()
_lock = threading.Lock()


def at(*, project_key: str, now: datetime) -> Current:
    """The state at `now`. While the database is away, the last one that was read.

    Raises DatabaseError only when there is none.
    """
    held = _state.held
    if held is not None and _holds(held, project_key, now):
        return held.value
    with _lock:
        held = _state.held
        if held is not None and _holds(held, project_key, now):
            return held.value
        return _renewed(held, project_key, now)


def begin_day(*, project_key: str, now: datetime) -> None:
    """Give the user-blocks of a new day, as the first poll of the day would."""
    if Project.objects.filter(key=project_key).exists():
        at(project_key=project_key, now=now)


def _holds(held: _Held, project_key: str, now: datetime) -> bool:
    if held.project_key != project_key:
        return False
    try:
        snapshots.catch_up()
        snapshot = snapshots.for_key(project_key)
    except DatabaseError:
        _note_failure(held.snapshot)
        return True
    is_same = held.snapshot is snapshot and held.day == now.astimezone(UTC).date()
    return is_same or _failed_just_now(snapshot)


def _failed_just_now(snapshot: Snapshot | None) -> bool:
    failure = _state.failure
    return failure is not None and failure.snapshot is snapshot and time.monotonic() - failure.at < PATIENCE_SECONDS


def _renewed(held: _Held | None, project_key: str, now: datetime) -> Current:
    known: Snapshot | None = None
    try:
        known = snapshots.for_key(project_key)
        return _renew(project_key, now)
    except DatabaseError:
        if held is None or held.project_key != project_key:
            raise
        _note_failure(known)
        return held.value


def _note_failure(snapshot: Snapshot | None) -> None:
    logger.warning("The database is away; answering the last features that were read", exc_info=True)
    _state.failure = _Failure(time.monotonic(), snapshot)


def _renew(project_key: str, now: datetime) -> Current:
    made = project(key=project_key)
    with transaction.atomic():
        locked = Project.objects.select_for_update(no_key=True).get(pk=made.pk)
        late = _seen_late(str(locked.uid), now)
        value = reconcile(project=locked, now=now, late=late)
        generation = Project.objects.values_list("generation", flat=True).get(pk=made.pk)
    _state.failure, _state.late = None, None if late is None else (value.project_uid, late)
    snapshots.refresh()
    snapshot = snapshots.for_key(project_key)
    fits = snapshot is not None and snapshot.generation == generation
    _state.held = _Held(project_key, snapshot if fits else None, now.astimezone(UTC).date(), value)
    return value


def _seen_late(project_uid: str, now: datetime) -> datetime | None:
    """When the state is or was read again after a failure: clients polled meanwhile, so to them that is a change."""
    if _state.failure is not None:
        return now
    return _state.late[1] if _state.late is not None and _state.late[0] == project_uid else None


def project(*, key: str) -> Project:
    """The project of Test Lab's clients, made when it is missing."""
    found = Project.objects.filter(key=key).first()
    return found or Project.objects.get_or_create(key=key, defaults={"name": "Test Lab"})[0]


def reconcile(*, project: Project, now: datetime, late: datetime | None = None) -> Current:
    """Give the user-blocks to the published experiments of today and answer the whole state.

    `late` is one more change, that the rows do not tell of.

    Call it in a transaction that holds the project's row, so that nobody publishes or gives blocks meanwhile.
    """
    publication = Publication.objects.filter(project=project).order_by("-revision").first()
    document = documents.EMPTY if publication is None else orjson.loads(publication.document)
    rows = _current_features(project, document, now.astimezone(UTC).date()) if _is_open(project) else ()
    if userblocks.reconcile(claims=_claims(rows), now=now):
        snapshots.announce(project_ids=[project.pk])
    changes = _changes(publication, project, now)
    state = f"{publication and publication.revision} {_is_open(project)} {changes}"
    return Current(
        project_id=project.pk,
        project_uid=str(project.uid),
        features=rows,
        blocks=userblocks.every_block(),
        changed_at=_advertised(project, state, max((*changes, late) if late else changes), now),
    )


def _changes(publication: Publication | None, project: Project, now: datetime) -> tuple[datetime, ...]:
    """When the project was last published, a day last began or ended a feature, and blocks changed hands."""
    if publication is None:
        return (project.created_at, *sorted(userblocks.changes()))
    document, published_at = orjson.loads(publication.document), publication.published_at
    by_the_clock = datafiles.changed_at(document, now=now, published_at=published_at)
    return (published_at, by_the_clock, *sorted(userblocks.changes()))


def _advertised(project: Project, state: str, changed_at: datetime, now: datetime) -> datetime:
    """When `state` came about, as clients are told: at least a second after the one before it, in every process.

    HTTP dates know no less. A client that sends its `Last-Modified` back would else miss the second change of one
    second.
    """
    key = str(project.uid)
    try:
        told = shared_memory.get(TOLD, project_id=project.pk, key=key)
        moment = changed_at if told is None else _later(told, state, changed_at, now)
        if told != (state, moment):
            shared_memory.put(TOLD, (state, moment), project_id=project.pk, key=key)
        return moment
    except Unavailable:
        logger.warning("What clients were told of the last change is out of reach", exc_info=True)
        return changed_at


def _later(told: tuple[str, datetime], state: str, changed_at: datetime, now: datetime) -> datetime:
    """The instant after the one that was told; that of a change which left no trace is `now`."""
    known, before = told
    if known == state:
        return max(before, changed_at)
    return max(before + SECOND, changed_at if changed_at > before else now)


def _claims(rows: tuple[Feature, ...]) -> list[Claim]:
    """Experiments in the order in which they get blocks: by their start, then by id."""
    tests = [row for row in rows if row.kind == Flag.Kind.EXPERIMENT]
    return [Claim(row.id, row.share) for row in sorted(tests, key=lambda row: (row.first_day, row.id))]


def _is_open(project: Project) -> bool:
    return project.active and "testlab" in project.dialects


def _current_features(project: Project, document: Mapping[str, Any], today: date) -> tuple[Feature, ...]:
    experiments = {row["id"]: row for row in document["experiments"] if row["kind"] == Experiment.Kind.AB_TEST}
    closed, beside = _closed(document, experiments.keys()), catalogue.variants_beside(project_id=project.pk)
    rows = (_feature(flag, experiments, beside) for flag in document["flags"] if _delivers(flag, closed))
    return tuple(row for row in rows if row.is_current(today))


def _delivers(flag: Mapping[str, Any], closed: Set[int]) -> bool:
    """Whether there is anything behind a flag; an experiment may have been deleted through another door."""
    return flag["kind"] != Flag.Kind.EXPERIMENT or (bool(flag["rules"]) and flag["rules"][0] not in closed)


def _closed(document: Mapping[str, Any], published: Set[int]) -> set[int]:
    """Experiments that somebody has ended, or not started yet. A new one that lacks variants is neither."""
    tests = {pk for flag in document["flags"] if flag["kind"] == Flag.Kind.EXPERIMENT for pk in flag["rules"]}
    unpublished = Experiment.objects.filter(pk__in=tests - published, variations__isnull=False)
    return set(unpublished.order_by("pk").values_list("pk", flat=True))


def _feature(
    flag: Mapping[str, Any],
    experiments: Mapping[int, Mapping[str, Any]],
    beside: Mapping[int, tuple[Variant, ...]],
) -> Feature:
    """A published flag as a feature; the same reading as `catalogue.feature_of` has of the rows.

    What a toggle or roll-out has `beside` it does not run, and so is not published.
    """
    experiment = next((experiments[pk] for pk in flag["rules"] if pk in experiments), None)
    governing = experiment if flag["kind"] == Flag.Kind.EXPERIMENT else None
    share = Decimal(flag["traffic"])
    return Feature(
        id=flag["id"],
        kind=flag["kind"],
        name=flag["key"],
        first_day=catalogue.first_day(_day(flag["starts_on"]), _instant(governing["starts_at"] if governing else None)),
        last_day=catalogue.last_day(_day(flag["ends_on"]), _instant(governing["ends_at"] if governing else None)),
        is_running=flag["is_running"] and (governing is None or governing["status"] == "running"),
        share=share if governing is None else catalogue.governing_share(share, Decimal(governing["traffic"])),
        description=flag.get("description", ""),
        variants=beside.get(flag["id"], ()) if experiment is None else _variants(experiment),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _variants(experiment: Mapping[str, Any]) -> tuple[Variant, ...]:
    return tuple(_variant(arm) for arm in sorted(experiment["variations"], key=lambda arm: arm["id"]))


def _variant(arm: Mapping[str, Any]) -> Variant:
    weight = catalogue.written(Decimal(arm["weight"]), arm.get("weight_scale", 0))
    return Variant(arm["id"], arm["value"] or arm["key"], arm["is_control"], weight)
