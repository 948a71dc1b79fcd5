"""Slots, ranges and the promise that more traffic moves nobody."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions.engine import Subject, bucketing
from decisions.engine.model import Range

shares = st.fractions(min_value=0, max_value=1, max_denominator=97)
weight_lists = st.lists(st.fractions(min_value=0, max_value=3, max_denominator=11), min_size=1, max_size=6)


def owner(slots: tuple[tuple[int, int], ...], position: int) -> int | None:
    return next((arm for arm, (first, last) in enumerate(slots) if first <= position < last), None)


def test_thirds_lose_no_slot() -> None:
    slots = bucketing.allocate([Fraction(1, 3)] * 3, Fraction(1))

    assert slots == ((0, 3333), (3333, 6667), (6667, 10000))


def test_half_the_traffic_fills_each_arm_from_its_own_start() -> None:
    slots = bucketing.allocate([Decimal("0.5"), Decimal("0.5")], Decimal("0.5"))

    allocation = bucketing.ranges(["a", "b"], slots)

    assert allocation == (Range("a", 2500), Range("", 5000), Range("b", 7500))


@settings(max_examples=80, deadline=None)
@given(weight_lists, shares, shares)
def test_raising_traffic_moves_nobody(weights: list[Fraction], one: Fraction, other: Fraction) -> None:
    before, after = (bucketing.allocate(weights, traffic) for traffic in sorted((one, other)))

    moved = [slot for slot in range(0, 10_000, 7) if owner(before, slot) not in (None, owner(after, slot))]

    assert moved == []


@settings(max_examples=80, deadline=None)
@given(weight_lists)
def test_full_traffic_hands_out_every_slot(weights: list[Fraction]) -> None:
    slots = bucketing.allocate(weights, Fraction(1))

    assert sum(last - first for first, last in slots) == (10_000 if sum(weights) else 0)


@settings(max_examples=60, deadline=None)
@given(weight_lists, shares)
def test_allocation_says_the_same_as_the_slots(weights: list[Fraction], traffic: Fraction) -> None:
    slots = bucketing.allocate(weights, traffic)
    names = [str(arm) for arm in range(len(weights))]

    allocation = bucketing.ranges(names, slots)

    for position in range(0, 10_000, 101):
        arm = owner(slots, position)
        assert bucketing.entity_at(allocation, position) == ("" if arm is None else str(arm))


def test_weights_are_divided_by_their_sum() -> None:
    assert bucketing.allocate([Decimal(1), Decimal(3)], Decimal(1)) == ((0, 2500), (2500, 10000))
    assert bucketing.allocate([Decimal("0.1"), Decimal("0.1")], Decimal(1)) == ((0, 5000), (5000, 10000))


def test_no_weight_at_all_gives_no_arm() -> None:
    slots = bucketing.allocate([Decimal(0), Decimal(0)], Decimal(1))

    assert bucketing.ranges(["a", "b"], slots) == ()


@pytest.mark.parametrize(("weights", "traffic"), [([Decimal(-1)], Decimal(1)), ([Decimal(1)], Decimal("1.1"))])
def test_impossible_shares_are_refused(weights: list[Decimal], traffic: Decimal) -> None:
    with pytest.raises(ValueError, match="negative"):
        bucketing.allocate(weights, traffic)


def test_empty_bucketing_id_counts_and_other_types_do_not() -> None:
    assert bucketing.bucketing_id(Subject("u", {"$opt_bucketing_id": ""})) == ""
    assert bucketing.bucketing_id(Subject("u", {"$opt_bucketing_id": 5})) == "u"
    assert bucketing.bucketing_id(Subject("u", {})) == "u"


def test_range_shadowed_by_an_earlier_one_is_never_hit() -> None:
    allocation = (Range("a", 5000), Range("b", 3000), Range("c", 20_000))

    pick = bucketing.compile_allocation(allocation, "e", {"a": "a", "b": "b", "c": "c"})

    for unit in map(str, range(300)):
        assert pick(unit) == bucketing.entity_at(allocation, bucketing.slot(unit, "e"))
