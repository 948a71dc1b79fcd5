"""What is to be told to somebody else's host: queued in memory, sent in batches by one thread per process.

The queue is bounded and nobody waits for it: what does not fit is dropped and logged. A batch that does not arrive is
tried again a little later each time and keeps nobody else's waiting. Our own event log depends on none of this.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)

RETRIES = (0.2, 0.4, 0.8)
AWAY_SECONDS = 5.0
FAREWELL_SECONDS = 5.0

Deliver = Callable[[Any, Sequence[Any]], bool]
"""Sends items of one address together; True when they arrived for good. Raises nothing."""


@dataclass(slots=True)
class _Post:
    """What waits for one address; `due_at` is when it is sent at the latest."""

    due_at: float
    items: deque[Any] = field(default_factory=deque)
    failures: int = 0


class Outbox:
    """`deliver` gets up to `batch_size` items of one address, at the latest `flush_seconds` after the first came.

    `arrived`, `failed` and `retried` count batches.
    """

    def __init__(self, name: str, deliver: Deliver, *, batch_size: int, flush_seconds: float, queue_size: int) -> None:
        self.name = name
        self._deliver = deliver
        self._batch_size = batch_size
        self._flush_seconds = flush_seconds
        self._queue_size = queue_size
        self._posts: dict[Hashable, _Post] = {}
        self._count = 0
        self.arrived = self.failed = self.retried = 0
        self._changed = threading.Condition()
        self._pid = 0
        self._is_closing = False
        atexit.register(self.close)

    @property
    def waiting(self) -> int:
        return self._count

    def offer(self, address: Hashable, item: Any) -> bool:
        """Queue an item; False when there is no room for it."""
        with self._changed:
            if self._count >= self._queue_size:
                logger.warning("The queue for %s is full; something was dropped", self.name)
                return False
            now = time.monotonic()
            post = self._posts.setdefault(address, _Post(now + self._flush_seconds))
            post.items.append(item)
            self._count += 1
            if len(post.items) >= self._batch_size and not post.failures:
                post.due_at = now
            self._start()
            self._changed.notify()
            return True

    def _start(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            threading.Thread(target=self._run, name=f"outbox-{self.name}", daemon=True).start()

    def _run(self) -> None:
        while not self._is_closing:
            with self._changed:
                wait = min((post.due_at for post in self._posts.values()), default=None)
                if wait is None or wait > time.monotonic():
                    self._changed.wait(None if wait is None else wait - time.monotonic())
            self.send_due(now=time.monotonic())

    def send_due(self, *, now: float) -> None:
        """Send one batch to every address that is due."""
        with self._changed:
            due = [address for address, post in self._posts.items() if post.due_at <= now]
        for address in due:
            post = self._posts[address]
            batch = list(post.items)[: self._batch_size]
            self.retried += post.failures > 0
            is_told = self._tells(address, batch)
            with self._changed:
                self._note(address, post, len(batch) if is_told else 0)

    def _tells(self, address: Hashable, batch: Sequence[Any]) -> bool:
        """Whether a batch need not be kept: it arrived, or nobody can tell it."""
        try:
            arrived = self._deliver(address, batch)
        except Exception:
            # The thread's outermost door: what cannot be told must not keep the rest from being told.
            logger.exception("%d items for %s cannot be told; they are dropped", len(batch), self.name)
            return True
        self.arrived += arrived
        self.failed += not arrived
        return arrived

    def _note(self, address: Hashable, post: _Post, arrived: int) -> None:
        """What comes next for an address of which `arrived` items are told; 0 means that none were."""
        now = time.monotonic()
        if not arrived:
            post.failures += 1
            pause = RETRIES[post.failures - 1] if post.failures <= len(RETRIES) else AWAY_SECONDS
            post.due_at = now + pause
            if post.failures == len(RETRIES) + 1:
                logger.warning("%d items for %s did not arrive; they are kept", len(post.items), self.name)
            return
        for _ in range(arrived):
            post.items.popleft()
        self._count -= arrived
        post.failures = 0
        post.due_at = now if len(post.items) >= self._batch_size else now + self._flush_seconds
        if not post.items:
            del self._posts[address]

    def close(self) -> None:
        """Send what is left before the process ends, as far as it arrives at once."""
        if self._is_closing or self._pid != os.getpid():
            return
        self._is_closing = True
        deadline = time.monotonic() + FAREWELL_SECONDS
        for address, post in list(self._posts.items()):
            while post.items and time.monotonic() < deadline:
                batch = [post.items.popleft() for _ in range(min(len(post.items), self._batch_size))]
                if not self._deliver(address, batch):
                    break
