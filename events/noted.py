"""Exposures that were noted and not yet written: bounded, and each arm of a person once."""

import threading
from collections.abc import Hashable, Iterable, Sequence

from events.rows import NewExposure


class Recent:
    """Remembers at least the last `size` things and at most twice as many, by their hash alone.

    Two things with one hash count as the same: among a hundred thousand that is a chance of one in a billion.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: set[int] = set()
        self._old: set[int] = set()

    def __contains__(self, thing: Hashable) -> bool:
        mark = hash(thing)
        return mark in self._young or mark in self._old

    def add(self, thing: Hashable) -> None:
        self._young.add(hash(thing))
        if len(self._young) >= self._size:
            self._young, self._old = set(), self._young

    def discard(self, thing: Hashable) -> None:
        self._young.discard(hash(thing))
        self._old.discard(hash(thing))


class Noted:
    """The buffer between decisions and the writer, at most `limit` rows; `dropped` counts those beyond."""

    def __init__(self, *, limit: int, remembered: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._rows: list[NewExposure] = []
        self._recent = Recent(remembered)
        self._lock = threading.Lock()

    def unknown(self, rows: Iterable[NewExposure]) -> list[NewExposure]:
        """The rows whose arm was not noted lately for this person."""
        return [row for row in rows if _meeting(row) not in self._recent]

    def add(self, rows: Sequence[NewExposure]) -> None:
        with self._lock:
            kept = rows[: max(0, self._limit - len(self._rows))]
            self._rows += kept
            self.dropped += len(rows) - len(kept)
        self.remember(kept)

    def lose(self, rows: Iterable[NewExposure]) -> None:
        """These found no place after all: they are counted as dropped, and their arms may be noted again."""
        with self._lock:
            for row in rows:
                self.dropped += 1
                self._recent.discard(_meeting(row))

    def remember(self, rows: Iterable[NewExposure]) -> None:
        with self._lock:
            for row in rows:
                self._recent.add(_meeting(row))

    def take(self) -> list[NewExposure]:
        with self._lock:
            taken, self._rows = self._rows, []
            return taken


def _meeting(row: NewExposure) -> tuple[Hashable, ...]:
    """Who met what."""
    return (
        row.user_id, row.project_id, row.experiment_id, row.variation_id, row.rule_key, row.variation_key, row.flag_key,
    )  # fmt: skip
