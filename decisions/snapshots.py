"""The compiled state of every project, one immutable object each, swapped by reference.

Reading is a dictionary look-up and never touches the database, except in inline mode (tests), where every read first
asks whether something changed. `announce` belongs into the transaction that changes something; a daemon thread per
process hears of it (LISTEN on PostgreSQL, polling on SQLite) and swaps. Compiling lives in `decisions.compile`.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from django.conf import settings
from django.core.signals import setting_changed
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F

from decisions import bell, lastgood
from decisions.compile import Snapshot, Sources, compile_snapshot, gather
from experiments.errors import NotFound
from experiments.models import Project

logger = logging.getLogger(__name__)

CHANNEL = "arbiter_projects"
POLL_SECONDS = 0.2
LISTEN_SECONDS = 2.0
MISS_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Registry:
    """All snapshots at one moment, by each of the names a client may use. `generations` also lists failed ones."""

    by_id: Mapping[int, Snapshot] = field(default_factory=dict)
    by_key: Mapping[str, Snapshot] = field(default_factory=dict)
    by_sdk_key: Mapping[str, Snapshot] = field(default_factory=dict)
    by_datafile_project: Mapping[str, tuple[Snapshot, ...]] = field(default_factory=dict)
    generations: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _State:
    registry: Registry = field(default_factory=Registry)
    loaded: bool = False
    missed_at: float = 0.0
    heard: bytes = b""
    thread_pid: int = 0
    database_away_since: datetime | None = None
    inline: bool = field(default_factory=lambda: bool(settings.INLINE_SNAPSHOTS))


_state = _State()
_lock = threading.RLock()
_missing = threading.Lock()


def _follow_setting(*, setting: str, value: object, **_: object) -> None:
    """Reading a setting costs a call; every decision reads this one, so it is kept (tests change it)."""
    if setting == "INLINE_SNAPSHOTS":
        _state.inline = bool(value)


setting_changed.connect(_follow_setting)


def for_sdk_key(sdk_key: str) -> Snapshot | None:
    """The project an SDK key names, None when there is none."""
    found = current().by_sdk_key.get(sdk_key)
    return found if found is not None else _after_miss().by_sdk_key.get(sdk_key)


def for_key(key: str) -> Snapshot | None:
    """The project a key (UpGrade: context) names, None when there is none."""
    found = current().by_key.get(key)
    return found if found is not None else _after_miss().by_key.get(key)


def for_datafile_project(datafile_project_id: str, *, dialect: str, revision: str = "") -> Snapshot | None:
    """The project a datafile's `projectId` names, of those open to the clients of a dialect; of several environments
    the one at that revision is preferred."""
    named = current().by_datafile_project.get(datafile_project_id, ())
    found = [snapshot for snapshot in named if snapshot.is_active and dialect in snapshot.dialects]
    same = [snapshot for snapshot in found if snapshot.engine.datafile.revision == revision]
    return next(iter([*same, *found]), None)


def for_project(project_id: int) -> Snapshot:
    """The project with this row id. Raises NotFound."""
    found = current().by_id.get(project_id)
    found = found if found is not None else _after_miss().by_id.get(project_id)
    if found is None:
        raise NotFound("project", project_id)
    return found


def as_of(*, project: Project) -> Snapshot:
    """The project's snapshot, at least as new as this row of it: a write that another process published is in it."""
    found = current().by_id.get(project.pk)
    if found is None or found.generation < project.generation:
        refresh()
    return for_project(project.pk)


def at_least_stored(project_id: int) -> Snapshot:
    """The snapshot, not older than what is committed now: another process may have published a moment ago."""
    found = current().by_id.get(project_id)
    stored = Project.objects.filter(pk=project_id).values_list("generation", flat=True).first()
    if found is None or (stored is not None and found.generation < stored):
        refresh()
    return for_project(project_id)


def current() -> Registry:
    """All snapshots as of now; loads them at the first call in a process."""
    if not _state.loaded or _state.inline:
        refresh()
    return _state.registry


def _after_miss() -> Registry:
    """Look again, one at a time and not more often than every `MISS_SECONDS`: unknown keys must stay cheap.

    Who comes meanwhile does not wait: a database that does not answer would take every thread of this process.
    """
    if time.monotonic() - _state.missed_at > MISS_SECONDS and _missing.acquire(blocking=False):
        try:
            with contextlib.suppress(DatabaseError):
                refresh()
        finally:
            _state.missed_at = time.monotonic()
            _missing.release()
    return _state.registry


def announce(*, project_ids: Iterable[int]) -> None:
    """Tell every process that these projects changed. Call it inside the transaction that changes them."""
    ids = sorted(set(project_ids))
    Project.objects.filter(pk__in=ids).update(generation=F("generation") + 1)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(map(str, ids))])
    transaction.on_commit(_spread, robust=True)


def _spread() -> None:
    if not _state.inline:
        bell.ring()
    refresh()


def catch_up() -> None:
    """Look again if a process of this machine announced something since: who writes through one and then reads through
    another finds it. Raises DatabaseError, once for each announcement.
    """
    rung = b"" if _state.inline else bell.rung()
    if rung != _state.heard:
        try:
            refresh()
        finally:
            _state.heard = rung


def refresh() -> None:
    """Compile what changed since the last look and swap the registry; the last good snapshot of a project stays.

    Raises DatabaseError when the database is away and something is loaded already; the first load then takes the last
    good copies from disk.
    """
    with _lock:
        now = datetime.now(UTC)
        try:
            generations = dict(Project.objects.order_by("pk").values_list("pk", "generation"))
            stale = [pk for pk, generation in generations.items() if _is_stale(pk, generation, now)]
            found = [gather(project=project) for project in Project.objects.filter(pk__in=stale).order_by("pk")]
        except DatabaseError:
            _state.database_away_since = _state.database_away_since or now
            if _state.loaded:
                raise
            _load_last_good(now)
            return
        gone = _known() - generations.keys()
        if stale or gone or not _state.loaded:
            _swap(found, generations, now)
            lastgood.drop(project_ids=gone)
        _state.loaded = True
        _state.database_away_since = None


def _known() -> set[int]:
    """The projects of the last look; at the first one, those that others left on disk."""
    return set(_state.registry.generations) if _state.loaded or _state.inline else lastgood.project_ids()


def _is_stale(project_id: int, generation: int, now: datetime) -> bool:
    snapshot = _state.registry.by_id.get(project_id)
    expired = snapshot is not None and snapshot.expires_at is not None and snapshot.expires_at <= now
    return expired or _state.registry.generations.get(project_id) != generation


def _load_last_good(now: datetime) -> None:
    logger.warning("The database is away; starting from the last good snapshots on disk", exc_info=True)
    kept = lastgood.read_all()
    # Generations that no row can have: whatever the database says when it is back is taken as new.
    _swap(kept, {sources.project_id: -1 for sources in kept}, now)
    _state.loaded = True


def _swap(found: Iterable[Sources], generations: Mapping[int, int], now: datetime) -> None:
    kept = {pk: snapshot for pk, snapshot in _state.registry.by_id.items() if pk in generations}
    for sources in found:
        previous = kept.get(sources.project_id)
        try:
            kept[sources.project_id] = compile_snapshot(sources=sources, now=now, previous=previous)
        except Exception:
            # The door between projects: one that cannot be compiled must not hold up the others.
            logger.exception("What project %s published cannot be used; its last good one stays", sources.key)
        else:
            _keep_last_good(sources, previous)
    snapshots = kept.values()
    _state.registry = Registry(
        by_id=MappingProxyType(kept),
        by_key=MappingProxyType({snapshot.key: snapshot for snapshot in snapshots}),
        by_sdk_key=MappingProxyType({snapshot.sdk_key: snapshot for snapshot in snapshots}),
        by_datafile_project=MappingProxyType(_by_datafile_project(snapshots)),
        generations=MappingProxyType(dict(generations)),
    )


def _by_datafile_project(snapshots: Iterable[Snapshot]) -> dict[str, tuple[Snapshot, ...]]:
    """Several environments may share one `projectId`; lowest row first."""
    found: dict[str, tuple[Snapshot, ...]] = {}
    for snapshot in sorted(snapshots, key=lambda each: each.project_id):
        name = snapshot.engine.datafile.project_id
        found[name] = (*found.get(name, ()), snapshot)
    return found


def _keep_last_good(sources: Sources, previous: Snapshot | None) -> None:
    if not _state.inline and (_state.loaded or not _state.database_away_since):
        lastgood.keep(sources=sources, is_back=previous is None or previous.generation > sources.generation)


@dataclass(frozen=True, slots=True)
class Condition:
    """How fresh this process is: `database_away_since` is None while the database answers."""

    projects: int
    database_away_since: datetime | None


def condition() -> Condition:
    """What `/health?detail` and the metrics say of the snapshots; never touches the database."""
    return Condition(len(_state.registry.by_id), _state.database_away_since)


def ensure_following() -> None:
    """Start this process's follower thread, once, and never before a fork."""
    if _state.thread_pid == os.getpid() or _state.inline:
        return
    with _lock:
        if _state.thread_pid == os.getpid():
            return
        _state.thread_pid = os.getpid()
        threading.Thread(target=_follow, name="snapshots", daemon=True).start()


def _follow() -> None:
    while True:
        try:
            close_old_connections()
            _listen() if connection.vendor == "postgresql" else _poll()
        except DatabaseError:
            logger.warning("The database is away; deciding by the last snapshots", exc_info=True)
            _state.database_away_since = _state.database_away_since or datetime.now(UTC)
            connection.close()
            time.sleep(POLL_SECONDS)
        except Exception:
            # The thread's outermost door: whatever happens, the next look must come.
            logger.exception("Following what is published stumbled")
            time.sleep(POLL_SECONDS)


def _poll() -> None:
    refresh()
    time.sleep(POLL_SECONDS)


def _listen() -> None:
    """Wait for notices on this thread's own connection; look anyway every few seconds, so a lost one heals."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors:
        raw.execute(f"LISTEN {CHANNEL}")
    while True:
        refresh()
        with connection.wrap_database_errors:
            for _notice in raw.notifies(timeout=_patience(), stop_after=1):
                pass


def _patience() -> float:
    """Seconds until something may change by the clock, at most `LISTEN_SECONDS`."""
    now = datetime.now(UTC)
    ends = [snapshot.expires_at for snapshot in _state.registry.by_id.values() if snapshot.expires_at is not None]
    return max(0.01, min([LISTEN_SECONDS, *((end - now).total_seconds() for end in ends)]))


def forget() -> None:
    """Drop everything compiled, as after a fork or between tests."""
    with _lock:
        _state.registry = Registry()
        _state.loaded = False
        _state.missed_at = 0.0
