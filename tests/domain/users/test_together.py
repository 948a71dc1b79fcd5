"""What many callers write at the same time is one transaction, and each is told their own result."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError

from users.together import Together

CALLERS = 24


def _held_up(write: Callable[[Sequence[int]], Sequence[str]]) -> tuple[list[int], Callable[[int], str]]:
    """The sizes of what was written together, and a call whose first write waits until all others have come."""
    sizes: list[int] = []
    arrived = threading.Semaphore(0)

    def slow(items: Sequence[int]) -> Sequence[str]:
        if not sizes:
            for _ in range(CALLERS):
                assert arrived.acquire(timeout=10)
        sizes.append(len(items))
        return write(items)

    together = Together(slow)

    def call(number: int) -> str:
        arrived.release()
        return together.do(number)

    return sizes, call


def _all_at_once(call: Callable[[int], str]) -> list[str | Exception]:
    def outcome(number: int) -> str | Exception:
        try:
            return call(number)
        except (IntegrityError, RuntimeError) as error:
            return error

    with ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(outcome, range(CALLERS)))


def test_those_who_come_while_one_writes_are_written_together() -> None:
    sizes, call = _held_up(lambda items: [f"row {item}" for item in items])

    outcomes = _all_at_once(call)

    assert outcomes == [f"row {number}" for number in range(CALLERS)]
    assert sum(sizes) == CALLERS
    assert len(sizes) < CALLERS / 2


def test_a_bad_item_does_not_sink_its_neighbours() -> None:
    def write(items: Sequence[int]) -> Sequence[str]:
        if 7 in items:
            raise IntegrityError("seven")
        return [f"row {item}" for item in items]

    _, call = _held_up(write)

    outcomes = _all_at_once(call)

    assert isinstance(outcomes[7], IntegrityError)
    assert [each for each in outcomes if isinstance(each, str)] == [f"row {n}" for n in range(CALLERS) if n != 7]


def test_everybody_hears_of_a_failure_and_the_next_caller_is_served() -> None:
    is_away = True

    def write(items: Sequence[int]) -> Sequence[str]:
        if is_away:
            raise RuntimeError("away")
        return [f"row {item}" for item in items]

    _, call = _held_up(write)

    outcomes = _all_at_once(call)
    is_away = False

    assert all(isinstance(each, RuntimeError) for each in outcomes)
    assert call(1) == "row 1"


def test_a_caller_alone_waits_for_nobody() -> None:
    together: Together[int, int] = Together(lambda items: list(items))

    with pytest.raises(ZeroDivisionError):
        Together[int, int](lambda items: [1 // 0]).do(1)

    assert [together.do(number) for number in range(3)] == [0, 1, 2]
