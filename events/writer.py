"""The writer of this process: one thread commits what many requests brought, and wakes them after the commit.

A request waits shortly or not at all: beyond a few that wait, unless commits are swift, and while the database is slow
or away, rows go to the spool, which the same thread replays. It starts with the first call, so never before a fork.
"""

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from multiprocessing.util import Finalize
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, connection

from events import replay, writing
from events.detour import Detour
from events.noted import Noted
from events.rows import NewExposure, Row
from events.spool import Spool
from events.ticket import Ticket
from experiments.errors import Unavailable

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.04
REPLAY_SECONDS = 0.1
LEFT_BEHIND_SECONDS = 10.0
RETRY_SECONDS = 0.5
STOP_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Status:
    """How the writer fares. `is_detoured`: rows go to the spool for now; `dropped`: exposures that found no place."""

    is_detoured: bool = False
    spooled_bytes: int = 0
    dropped: int = 0


class Writer:
    """One per process; `running()` gives it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.root = Path(settings.VAR_DIR) / "spool"
        self.spool = Spool(self.root, limit=settings.SPOOL_MAX_BYTES, segment_limit=settings.SPOOL_SEGMENT_BYTES)
        self.noted = Noted(limit=settings.EXPOSURES_BUFFER, remembered=settings.EXPOSURES_REMEMBERED)
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._slots = threading.Semaphore(settings.WRITER_WAITERS)
        self.detour = Detour(patience=settings.WRITER_PATIENCE, swift=settings.WRITER_SWIFT)
        self._under_way: tuple[list[NewExposure], UUID | None] = ([], None)
        self._replay_at = self._left_behind_at = 0.0
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()
        # Unlike `atexit` this also runs in a server's worker process that was started by multiprocessing.
        self._farewell = Finalize(None, self.stop, exitpriority=10)

    def is_running(self) -> bool:
        return self.pid == os.getpid() and (self._thread.is_alive() or self._is_stopping)

    def stop(self) -> None:
        """Write what is there, or spool it, and end the thread. Calls that come later are spooled."""
        if self.pid == os.getpid() and not self._is_stopping:
            self._is_stopping = True
            self._queue.put(None)
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                self._leave_to_others()
        self._farewell.cancel()

    def _leave_to_others(self) -> None:
        """Spool the exposures that a database which does not answer still owes us. Callers look after their own."""
        noted, uid = self._under_way
        owed = noted.copy()
        noted.clear()  # should the database answer after all, nobody spools them again
        for rows, commit in ((owed, uid), (self.noted.take(), None)):
            with contextlib.suppress(Unavailable):
                if rows:
                    self.spool.append(rows, commit=commit)
        self.spool.close()

    def status(self) -> Status:
        return Status(self.detour.is_on(), self.spool.pending, self.noted.dropped)

    def store(self, rows: Sequence[Row]) -> None:
        """Return once the rows are committed or spooled. Raises Unavailable when they are neither."""
        if self._is_stopping or self.detour.is_on():
            self.spool.append(rows)
        elif self.detour.is_swift():
            self._wait(rows)
        elif self._slots.acquire(blocking=False):
            try:
                self._wait(rows)
            finally:
                self._slots.release()
        else:
            self.spool.append(rows)

    def _wait(self, rows: Sequence[Row]) -> None:
        ticket = Ticket(rows)
        self._queue.put(ticket)
        if not ticket.wait(settings.WRITER_PATIENCE):
            self.detour.begin()
            self.spool.append(rows, commit=ticket.commit)

    def note(self, rows: Sequence[NewExposure]) -> None:
        """Accept exposures, to be written within `FLUSH_SECONDS` or so; waits like `store` if the settings say so."""
        if settings.EXPOSURES == "commit" or self._is_stopping:
            self.store(rows)
            self.noted.remember(rows)
        else:
            self.noted.add(rows)

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._round(seconds=FLUSH_SECONDS)
            except Exception:
                # The thread's outermost door: whatever happens, the next round must come.
                logger.exception("The writer of events stumbled")
                time.sleep(FLUSH_SECONDS)
        self._commit(self._taken(seconds=0), self.noted.take())
        self.spool.close()
        connection.close()

    def _round(self, *, seconds: float) -> None:
        tickets, noted = self._taken(0 if self.spool.has_sealed() else seconds), self.noted.take()
        if tickets or noted:
            self._commit(tickets, noted)
        now = time.monotonic()
        if now >= self._replay_at:
            self._replay_at = now + REPLAY_SECONDS
            self._replay()
        if now >= self._left_behind_at:
            self._left_behind_at = now + LEFT_BEHIND_SECONDS
            self._replay_left_behind()

    def _taken(self, seconds: float) -> list[Ticket]:
        """Everybody who waits; if nobody does, whoever comes first within `seconds`."""
        tickets: list[Ticket] = []
        with contextlib.suppress(queue.Empty):
            ticket = self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
            while True:
                if ticket:
                    tickets.append(ticket)
                ticket = self._queue.get_nowait()
        return tickets

    def _commit(self, waiting: list[Ticket], noted: list[NewExposure]) -> None:
        uid = uuid4()
        tickets = [ticket for ticket in waiting if ticket.take(uid)]
        rows = [*chain.from_iterable(ticket.rows for ticket in tickets), *noted]
        if not rows:
            return
        self._under_way = (noted, uid)
        self.detour.database_asked()
        try:
            writing.commit(rows, uid=uid)
        except Exception as error:
            # Whatever it was, the rows must be safe before anybody is told so.
            self._under_way = ([], None)
            self._failed(error)
            self._rescue(tickets, noted, uid)
            return
        self._under_way = ([], None)
        self.detour.database_answered()
        for ticket in tickets:
            if ticket.decide():
                ticket.settle()

    def _rescue(self, tickets: list[Ticket], noted: list[NewExposure], uid: UUID) -> None:
        """Spool what a failed commit leaves to us. Those who stopped waiting spool their own."""
        tickets = [ticket for ticket in tickets if ticket.decide()]
        rows = [*chain.from_iterable(ticket.rows for ticket in tickets), *noted]
        refusal: Unavailable | None = Unavailable("Events cannot be stored at the moment")
        try:
            if rows:
                self.spool.append(rows, commit=uid)
            refusal = None
        except Unavailable as error:
            refusal = error
            self.noted.lose(noted)
        finally:
            # Whatever happened, nobody may be left waiting.
            for ticket in tickets:
                ticket.settle(refusal)

    def _replay(self) -> None:
        """Write the oldest segment of the spool, if there is one; at once again if there are more."""
        segment = self.spool.oldest()
        if segment is None:
            return
        self.detour.database_asked()
        try:
            replay.replay_or_set_aside(segment.path)
        except Error as error:
            self._failed(error)
            return
        self.spool.forget(segment)
        self.detour.database_answered(replay=True)
        if self.spool.has_sealed():
            self._replay_at = 0.0

    def _replay_left_behind(self) -> None:
        try:
            replay.replay_left_behind(self.root)
        except Error as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.detour.database_failed(error)
        self._replay_at = time.monotonic() + RETRY_SECONDS
        with contextlib.suppress(Error):
            connection.close()


_writer: Writer | None = None
_starting = threading.Lock()


def running() -> Writer:
    """The writer of this process, started if it is not there yet."""
    global _writer
    if _writer is None or not _writer.is_running():
        with _starting:
            if _writer is None or not _writer.is_running():
                _writer = Writer()
                _writer.start()
    return _writer


def shut_down() -> None:
    """Write or spool what is there; the next call starts anew."""
    global _writer
    if _writer is not None:
        _writer.stop()
        _writer = None


def status() -> Status:
    """How the writer of this process fares, if it has one."""
    return _writer.status() if _writer is not None else Status()
