"""From a unit to a slot, and from weights to ranges of slots. Who may be drawn at all is decided elsewhere."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TypeVar

import mmh3

from decisions.engine.model import Range
from decisions.engine.values import Subject

SLOTS = 10_000
SEED = 1
BUCKETING_ID = "$opt_bucketing_id"

T = TypeVar("T")
Pick = Callable[[str], T | None]


def slot(unit_id: str, entity_id: str) -> int:
    """The slot 0..9999 of a unit in an experiment, group or holdout (agent.md 3.1)."""
    return (mmh3.hash(unit_id + entity_id, SEED, False) * SLOTS) >> 32


def entity_at(allocation: Sequence[Range], position: int) -> str:
    """The entity that owns a slot: the first range ending beyond it; "" when there is none."""
    return next((each.entity_id for each in allocation if position < each.end), "")


def bucketing_id(subject: Subject) -> str:
    """What is hashed for a subject: its `$opt_bucketing_id` when that is a text (even an empty one), else its id."""
    given = subject.attributes.get(BUCKETING_ID)
    return given if isinstance(given, str) else subject.user_id


def compile_allocation(allocation: Sequence[Range], entity_id: str, results: Mapping[str, T]) -> Pick[T]:
    """A function from a bucketing id to the result its slot falls on, equal to `slot` and `entity_at`.

    Slot ends become thresholds in the 32-bit hash (`slot < end` is `hash < ceil(end * 2**32 / 10000)`), and ranges
    that an earlier one shadows disappear. An allocation that gives every slot the same result needs no hash.
    """
    ends: list[int] = []
    targets: list[T | None] = []
    for each in allocation:
        if each.end > (ends[-1] if ends else 0):
            ends.append(each.end)
            targets.append(results.get(each.entity_id) if each.entity_id else None)
    return _picker([_threshold(end) for end in ends], targets, entity_id)


def _threshold(end: int) -> int:
    return -(-(end << 32) // SLOTS)


def _picker(thresholds: list[int], targets: list[T | None], entity_id: str) -> Pick[T]:
    hash32 = mmh3.hash
    if not thresholds or thresholds[0] >= 1 << 32:
        only = targets[0] if targets else None
        return lambda unit_id: only
    if len(thresholds) == 1:
        threshold, target = thresholds[0], targets[0]
        return lambda unit_id: target if hash32(unit_id + entity_id, SEED, False) < threshold else None
    results = (*targets, None)
    return lambda unit_id: results[bisect_right(thresholds, hash32(unit_id + entity_id, SEED, False))]


def allocate(weights: Sequence[Decimal | Fraction], traffic: Decimal | Fraction) -> tuple[tuple[int, int], ...]:
    """For each arm the slots `(first, last)` it owns when `traffic` (0..1) of everybody is let in; `last` excluded.

    Each arm owns a full range of the 10000 slots whose ends are the rounded cumulative weights, so thirds lose no slot.
    Traffic fills every range from its own start: raising it moves nobody who was already in. Weights are divided by
    their sum; a sum of zero gives every arm an empty range. Raises ValueError for a negative weight or a traffic
    outside 0..1 (design.md 3, Bucketing).
    """
    shares = [Fraction(weight) for weight in weights]
    share_in = Fraction(traffic)
    if any(share < 0 for share in shares) or not 0 <= share_in <= 1:
        raise ValueError("weights must not be negative and traffic must lie between 0 and 1")
    ends = [0, *_ends(shares)]
    return tuple((start, start + _round((end - start) * share_in)) for start, end in pairwise(ends))


def ranges(entity_ids: Sequence[str], slots: Sequence[tuple[int, int]]) -> tuple[Range, ...]:
    """The slots of `allocate` as a datafile's traffic allocation; slots nobody owns have entity id ""."""
    result: list[Range] = []
    reached = 0
    for entity_id, (first, last) in zip(entity_ids, slots, strict=True):
        if first > reached:
            result.append(Range("", first))
        if last > first:
            result.append(Range(entity_id, last))
        reached = max(reached, last)
    return tuple(result)


def _ends(shares: list[Fraction]) -> list[int]:
    total = sum(shares)
    if total == 0:
        return [0] * len(shares)
    return [_round(SLOTS * share / total) for share in accumulate(shares)]


def _round(value: Fraction) -> int:
    """To the nearest whole number, halves up, so that a larger value never rounds lower."""
    return int(value + Fraction(1, 2))
