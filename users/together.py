"""Many callers, one transaction: whoever comes while another one writes is written together with everybody who waits.

The first of those who wait writes for all, in its own thread and over its own connection. What is written is not known
here.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import DataError, IntegrityError

Item = TypeVar("Item")
Result = TypeVar("Result")

# What one item, not the database, may be to blame for: then each is tried on its own.
BAD_ITEM = (DataError, IntegrityError)


class _Turn(Generic[Item, Result]):
    """One caller who waits, to be told the result or to write for the others."""

    __slots__ = ("error", "is_settled", "item", "results", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.results: list[Result] = []
        self.error: Exception | None = None
        self.is_settled = False
        self.woken = threading.Lock()
        self.woken.acquire()

    def outcome(self) -> Result:
        if self.error is not None:
            raise self.error
        return self.results[0]


class Together(Generic[Item, Result]):
    """`write` takes many items in one transaction of its own and answers one result for each, in order."""

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Item, Result]] = []
        self._is_busy = False

    def do(self, item: Item) -> Result:
        """Write the item, perhaps among others; returns after the commit. Raises what writing it raised."""
        turn: _Turn[Item, Result] = _Turn(item)
        with self._lock:
            self._waiting.append(turn)
            writes, self._is_busy = not self._is_busy, True
        if not writes:
            turn.woken.acquire()
        if not turn.is_settled:
            self._write_all()
        return turn.outcome()

    def _write_all(self) -> None:
        with self._lock:
            turns, self._waiting = self._waiting, []
        try:
            self._settle(turns)
        finally:
            for turn in turns:
                turn.is_settled = True
                turn.woken.release()
            with self._lock:
                self._is_busy = bool(self._waiting)
                next_one = self._waiting[0] if self._waiting else None
            if next_one is not None:
                next_one.woken.release()

    def _settle(self, turns: Sequence[_Turn[Item, Result]]) -> None:
        try:
            results = self._write([turn.item for turn in turns])
        except BAD_ITEM as error:
            if len(turns) == 1:
                turns[0].error = error
                return
            for turn in turns:
                self._settle([turn])
        except Exception as error:
            # Whatever it was, each caller must hear of it.
            for turn in turns:
                turn.error = error
        else:
            for turn, result in zip(turns, results, strict=True):
                turn.results.append(result)
