"""Who listens to what, in the one event loop of the streams process. Nobody who listens slowly holds up anybody.

A listener has a bounded queue of its own; what does not fit is dropped for that listener alone and counted.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

QUEUED = 1000

KINDS = frozenset({"decision", "track", "project_config_update"})


class Notice(NamedTuple):
    """`kind` is one of `KINDS`, `body` rendered JSON."""

    kind: str
    body: bytes


class Listener:
    """One stream: what it wants, and what waits for it. `dropped` counts what found no room."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self.dropped = 0
        self._queue: asyncio.Queue[Notice] = asyncio.Queue(QUEUED)

    def offer(self, notice: Notice) -> None:
        if notice.kind not in self.kinds:
            return
        try:
            self._queue.put_nowait(notice)
        except asyncio.QueueFull:
            self.dropped += 1

    async def next(self, *, seconds: float) -> Notice | None:
        """The next notice, None when none came in time."""
        try:
            return await asyncio.wait_for(self._queue.get(), seconds)
        except TimeoutError:
            return None


class Hub:
    """All listeners by SDK key. `changed` is called whenever the set of keys did."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._listeners: dict[str, set[Listener]] = {}

    @property
    def sdk_keys(self) -> frozenset[str]:
        return frozenset(self._listeners)

    @contextmanager
    def listening(self, sdk_key: str, kinds: frozenset[str]) -> Iterator[Listener]:
        """A listener for as long as the block runs."""
        listener = Listener(kinds)
        others = self._listeners.setdefault(sdk_key, set())
        others.add(listener)
        self._changed()
        try:
            yield listener
        finally:
            others.discard(listener)
            if not others:
                del self._listeners[sdk_key]
            self._changed()

    def publish(self, sdk_key: str, notice: Notice) -> None:
        for listener in self._listeners.get(sdk_key, ()):
            listener.offer(notice)
