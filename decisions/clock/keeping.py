"""The keeper: everything that happens by the clock, as a table of jobs, and the loop that runs them."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from decisions.clock import latecomers, schedule
from decisions.clock.lease import Lease
from decisions.lab import current
from decisions.schools import reporting
from decisions.upstream import polling
from events import forgetting, partitions, replay

logger = logging.getLogger(__name__)

POLLER = "mirror-poller"


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called every so many seconds, by the keeper that holds the lease or, `everywhere`, by each of them."""

    name: str
    every_seconds: float
    run: Callable[[datetime], object]
    everywhere: bool = False


def _make_partitions(now: datetime) -> None:
    partitions.make_ahead(now=now)


def _replay_spools(now: datetime) -> None:
    replay.replay_left_behind(Path(settings.VAR_DIR) / "spool")


def _store_waiting_marks(now: datetime) -> None:
    reporting.store_waiting()


def _follow_schedule(now: datetime) -> None:
    schedule.follow(now=now)


def _note_latecomers(now: datetime) -> None:
    latecomers.note(now=now)


def _begin_the_day(now: datetime) -> None:
    current.begin_day(project_key=settings.TESTLAB_PROJECT, now=now)


def _forget(now: datetime) -> None:
    forgetting.forget(before=now - timedelta(days=settings.SEEN_DAYS))


def _poll_mirrors(now: datetime) -> None:
    """In a thread of its own: somebody else's slow host must not keep experiments from starting."""
    if settings.AGENT_POLLING_SECONDS > 0 and not any(each.name == POLLER for each in threading.enumerate()):
        threading.Thread(target=_poll, args=(now,), name=POLLER, daemon=True).start()


def settle(*, seconds: float = 60) -> None:
    """Wait for what the jobs left running in threads of their own."""
    for thread in threading.enumerate():
        if thread.name == POLLER:
            thread.join(seconds)


def _poll(now: datetime) -> None:
    try:
        polling.poll(
            now=now,
            interval=timedelta(seconds=settings.AGENT_POLLING_SECONDS),
            sdk_keys=settings.AGENT_SDK_KEYS,
            template=settings.AGENT_DATAFILE_URL,
        )
    except DatabaseError:
        logger.warning("The mirrors could not be polled", exc_info=True)
    finally:
        connection.close()


JOBS = (
    Job("make partitions ahead", 3600, _make_partitions),
    Job("replay the spools of dead processes", 5, _replay_spools, everywhere=True),
    Job("store marks that waited for the database", 2, _store_waiting_marks, everywhere=True),
    Job("start and end experiments", 1, _follow_schedule),
    Job("look for arms remembered while a publication moved the draw", 30, _note_latecomers),
    Job("give Test Lab's user-blocks when a day begins", 30, _begin_the_day),
    Job("forget old event ids", 3600, _forget),
    Job("poll mirrored datafiles", 1, _poll_mirrors),
)


class Keeper:
    """Runs jobs when they are due. A job that fails is logged and runs again at its next turn."""

    def __init__(self, jobs: Sequence[Job], lease: Lease) -> None:
        self._due = dict.fromkeys(jobs, 0.0)
        self._lease = lease

    def keep(self, stopping: threading.Event) -> None:
        """Work until `stopping` is set; a job under way is finished first."""
        while not stopping.is_set():
            close_old_connections()
            self.run_due(stopping)
            stopping.wait(max(0.0, min(self._due.values()) - time.monotonic()))
        self._lease.release()

    def run_due(self, stopping: threading.Event) -> None:
        for job, due in self._due.items():
            if due <= time.monotonic() and not stopping.is_set():
                self._run(job)
                self._due[job] = time.monotonic() + job.every_seconds

    def _run(self, job: Job) -> None:
        try:
            if job.everywhere or self._lease.held():
                job.run(datetime.now(UTC))
        except Exception:
            # The keeper's outermost door: one job that fails must not keep the others from running.
            logger.exception("The job to %s failed", job.name)
            close_old_connections()
