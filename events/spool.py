"""Rows on this machine's disk that wait for the database: an append-only spool, one directory per process.

A process holds a lock on its directory for as long as it lives, so that the directories of the dead can be told. Each
segment is a file of lines and is replayed as one (`events/replay.py`). What `append` returned from is on the disk.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from events import spoolformat
from events.rows import Row
from experiments.errors import Unavailable

logger = logging.getLogger(__name__)

LOCK = "owner.lock"
SUFFIX = ".spool"
RETRY_SECONDS = 5
COMPLAIN_SECONDS = 10.0


class Segment:
    """One file of lines. Only its spool writes to it, under the spool's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._synced = 0
        self._syncing = threading.Lock()
        self.is_torn = False

    def write(self, line: bytes) -> int:
        """Append a line whole or not at all; answers where it ends. Raises OSError."""
        done = 0
        try:
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except OSError:
            self._cut()
            raise
        self.size += len(line)
        return self.size

    def _cut(self) -> None:
        """Remove half a line; where even that fails it stays the last, and a replay leaves it out."""
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            self.is_torn = True

    def sync(self, end: int) -> None:
        """Return once everything up to `end` is on the disk; one of many who wait does it for all. Raises OSError."""
        with self._syncing:
            if self._synced < end:
                reached = self.size
                os.fdatasync(self._fd)
                self._synced = reached

    def close(self) -> None:
        with self._syncing:
            os.close(self._fd)
            self._synced = self.size


class Spool:
    """The spool of this process, at most `limit` bytes."""

    def __init__(self, root: Path, *, limit: int, segment_limit: int) -> None:
        self.root = root
        self.limit = limit
        self.segment_limit = segment_limit
        self.pending = 0
        self._complain_at = 0.0
        self._lock = threading.Lock()
        self._home: Path | None = None
        self._home_lock = -1
        self._made = 0
        self._active: Segment | None = None
        self._sealed: list[Segment] = []

    def append(self, rows: Sequence[Row], *, commit: UUID | None = None) -> None:
        """Keep rows on the disk; they may also have been written by `commit`. Raises Unavailable when it is full."""
        line = spoolformat.line_of(rows, commit=commit)
        try:
            with self._lock:
                segment = self._writable(len(line))
                end = segment.write(line)
                self.pending += len(line)
            segment.sync(end)
        except OSError as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, reason: str) -> Unavailable:
        """What a caller is told; a person who reads the log is told why, now and then."""
        if time.monotonic() > self._complain_at:
            self._complain_at = time.monotonic() + COMPLAIN_SECONDS
            logger.error("The spool in %s cannot take events: %s", self.root, reason)
        return Unavailable("Events cannot be stored at the moment", retry_after=RETRY_SECONDS)

    def _writable(self, size: int) -> Segment:
        """The segment that takes the next line of `size` bytes. Raises OSError and Unavailable."""
        if self.pending + size > self.limit:
            raise self._refusal(f"{self.pending} bytes wait for the database already")
        if self._active and (self._active.is_torn or self._active.size + size > self.segment_limit):
            self._seal()
        if not self._active:
            self._made += 1
            home = self._claimed_home()
            self._active = Segment(home / f"{self._made:08}-{uuid4().hex}{SUFFIX}")
            sync_directory(home)
        return self._active

    def _claimed_home(self) -> Path:
        """Our directory, locked before anybody can see it under its name."""
        if self._home is None:
            self.root.mkdir(parents=True, exist_ok=True)
            name = f"{os.getpid()}-{uuid4().hex}"
            making = self.root / f".{name}"
            making.mkdir(mode=0o700)
            self._home_lock = os.open(making / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._home_lock, fcntl.LOCK_EX)
            self._home = making.rename(self.root / name)
            sync_directory(self.root)
        return self._home

    def _seal(self) -> None:
        if self._active:
            self._sealed.append(self._active)
            self._active = None

    def oldest(self) -> Segment | None:
        """The segment to replay next, if any. Nothing will be added to it."""
        with self._lock:
            if not self._sealed and self._active and self._active.size:
                self._seal()
            return self._sealed[0] if self._sealed else None

    def has_sealed(self) -> bool:
        return bool(self._sealed)

    def forget(self, segment: Segment) -> None:
        """Free what a segment took, whose file is gone."""
        with self._lock:
            if segment not in self._sealed:  # closed meanwhile
                return
            self._sealed.remove(segment)
            self.pending -= segment.size
        segment.close()

    def close(self) -> None:
        """Give the directory up; what is left in it can be replayed by others."""
        with self._lock:
            self._seal()
            while self._sealed:
                self._leave(self._sealed.pop())
            if self._home is not None:
                discard_if_empty(self._home)
                os.close(self._home_lock)
                self._home = None

    def _leave(self, segment: Segment) -> None:
        """Close a file for good. Whoever is about to sync what they wrote to it finds that done."""
        with suppress(OSError):
            segment.sync(segment.size)
        segment.close()


@contextmanager
def _ownership(home: Path) -> Iterator[bool]:
    """Whether a directory was left by a dead process and is ours while the block runs."""
    try:
        lock = os.open(home / LOCK, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield os.fstat(lock).st_nlink > 0
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)


@contextmanager
def left_behind(home: Path) -> Iterator[list[Path]]:
    """The segments of a dead process, oldest first, ours while the block runs; none while it lives."""
    with _ownership(home) as is_ours:
        yield sorted(home.glob(f"*{SUFFIX}")) if is_ours else []
        if is_ours:
            discard_if_empty(home)


def homes(root: Path) -> list[Path]:
    """The directories of all processes that spooled on this machine."""
    return sorted(path.parent for path in root.glob(f"[!.]*/{LOCK}"))


def discard_if_empty(home: Path) -> None:
    """Remove a directory that holds nothing but its lock. Call it with the lock held."""
    if [path.name for path in home.iterdir()] == [LOCK]:
        (home / LOCK).unlink()
        home.rmdir()


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
