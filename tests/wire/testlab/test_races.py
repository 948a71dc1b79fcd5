"""Many at once, with real threads: user-blocks, users and names end up right every time (§2.4, §2.6)."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from features import userblocks
from features.models import UserBlock
from features.userblocks import Claim
from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act(0) … act(number - 1)` in threads that start together; what they raise is raised here."""
    start, answers = threading.Barrier(number), [None] * number
    faults: list[BaseException] = []

    def run(position: int) -> None:
        try:
            start.wait()
            answers[position] = act(position)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return answers


def _owners() -> Counter[int | None]:
    return Counter(UserBlock.objects.order_by("id").values_list("feature_id", flat=True))


def test_sixteen_first_polls_give_every_experiment_its_blocks() -> None:
    half, third = calling.feature(name="half"), calling.feature(name="third", user_percentage=0.3)
    for _ in range(3):
        calling.put("/api/userblocks/reset")

        polls = _at_once(16, lambda _: calling.current())

        assert {str(poll) for poll in polls} == {str(polls[0])}
        assert _owners() == {half["id"]: 10, third["id"]: 6, None: 4}


def test_sixteen_reconciliations_in_as_many_transactions_agree() -> None:
    claims = [Claim(1, Decimal("0.5")), Claim(2, Decimal("0.3"))]
    for _ in range(3):
        userblocks.reset(now=NOW)

        changed = _at_once(16, lambda _: userblocks.reconcile(claims=claims, now=NOW))

        assert Counter(changed) == {True: 1, False: 15}
        assert _owners() == {1: 10, 2: 6, None: 4}


def test_polls_and_writes_at_once_leave_no_block_behind() -> None:
    made = [calling.feature(name=f"f{number}", user_percentage=0.2) for number in range(4)]

    def act(position: int) -> Any:
        if position % 2:
            return calling.current()
        return calling.put(f"/api/feature/{made[position // 2]['id']}", made[position // 2] | {"user_percentage": 0.25})

    _at_once(8, act)

    calling.current()
    assert _owners() == {row["id"]: 5 for row in made}


def test_a_user_who_is_recorded_many_times_at_once_is_one_row() -> None:
    blue, red = calling.variants(calling.feature()["id"])

    answers = _at_once(8, lambda position: calling.record((blue, red)[position % 2]["id"], "u"))

    assert Counter(answer.status_code for answer in answers) == {200: 4, 403: 4}
    assert len(calling.get("/api/users").json()) == 1


def test_users_who_come_at_once_each_have_the_variant_they_were_told() -> None:
    arms = calling.variants(calling.feature()["id"])

    answers = _at_once(16, lambda position: calling.record(arms[position % 2]["id"], f"user-{position // 2}"))

    told = {answer.json()["id"]: answer.json()["variant_id"] for answer in answers if answer.status_code == 200}
    stored = {row["id"]: row["variant_id"] for row in calling.get("/api/users").json()}
    assert Counter(answer.status_code for answer in answers) == {200: 8, 403: 8}
    assert stored == told


def test_one_of_many_gets_a_name() -> None:
    answers = _at_once(8, lambda _: calling.post("/api/feature", calling.EXPERIMENT))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 403: 7}


def test_users_and_events_that_come_while_a_feature_is_deleted_are_answered() -> None:
    made = calling.feature()
    blue, _ = calling.variants(made["id"])
    calling.record(blue["id"], "u")

    def act(position: int) -> Any:
        if position == 4:
            return calling.delete(f"/api/feature/{made['id']}")
        if position % 2:
            return calling.record(blue["id"], f"user {position}")
        return calling.event(blue["id"], "u")

    answers = _at_once(8, act)

    assert {answer.status_code for answer in answers} <= {200, 403}
    assert answers[4].status_code == 200
    assert calling.get("/api/users").json() == []


def test_users_who_come_while_variants_are_replaced_are_answered() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])

    def act(position: int) -> Any:
        if position == 4:
            return calling.post(
                f"/api/feature/{made['id']}/variants", {"variants": [{"feature_id": made["id"], "value": "blue"}]}
            )
        return calling.record((blue, red)[position % 2]["id"], f"user {position}")

    answers = _at_once(8, act)

    assert {answer.status_code for answer in answers} <= {200, 403}
    assert answers[4].status_code == 200
    assert {row["variant_id"] for row in calling.get("/api/users").json()} == {blue["id"]}
