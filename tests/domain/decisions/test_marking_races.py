"""Two at once: racing marks leave one mark, one arm per person, one per group, and not one person too many."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, Self

import pytest
from django.db import connection

from decisions import lifecycle
from decisions.schools import marking
from decisions.schools.marking import Sighting
from events.models import Exposure
from experiments.models import Experiment
from tests import builders
from users import people
from users.models import Assignment, PointMark
from users.people import Change

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 16
RACES = int(os.environ.get("ARBITER_RACES", "20"))
POINT = ("site", "target")
BY_CLASS = {"unit": "group", "group_type": "class", "consistency": "group"}


def _running(**design: Any) -> Experiment:
    return builders.running(project=builders.project(), points=[POINT], design=design, bucketing="seedrandom")


def _learn(users: Sequence[str], group: str = "c1") -> None:
    change = Change(True, {"class": [group]}, True, {"class": group})
    for user in users:
        people.register(user_id=user, change=change, now=builders.NOW)


def _at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    def alone(call: Callable[[], object]) -> object:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(alone, calls))


class _Racers:
    """Threads that keep their connections from race to race, and start each one together."""

    def __init__(self) -> None:
        self._together = Barrier(THREADS)
        self._pool = ThreadPoolExecutor(THREADS)

    def __enter__(self) -> Self:
        return self

    def race(self, calls: Sequence[Callable[[], object]]) -> None:
        def run(call: Callable[[], object]) -> object:
            self._together.wait()
            return call()

        list(self._pool.map(run, calls))

    def __exit__(self, *_: object) -> None:
        self.race([lambda: connection.close()] * THREADS)
        self._pool.shutdown()


def _mark(user: str, condition: str | None = None) -> Callable[[], object]:
    sighting = Sighting(user, *POINT, condition=condition)
    return lambda: marking.mark(sighting=sighting, now=builders.NOW)


@pytest.mark.parametrize("trial", range(3))
def test_one_person_s_marks_racing_leave_one(trial: int) -> None:
    _running()
    _learn(["ada"])

    answers = _at_once([_mark("ada", ("control", "treatment")[number % 2]) for number in range(THREADS)])

    assert len(set(answers)) == 1
    assert (PointMark.objects.count(), Assignment.objects.count(), Exposure.objects.count()) == (1, 1, 1)


def test_a_class_racing_gets_one_condition() -> None:
    """All of a class mark for the first time at once, class after class; `ARBITER_RACES=1000` for the long version."""
    _running(**BY_CLASS)
    classes = {f"c{trial}": [f"c{trial} student{number}" for number in range(THREADS)] for trial in range(RACES)}
    for name, users in classes.items():
        _learn(users, name)

    with _Racers() as racers:
        for users in classes.values():
            racers.race([_mark(user) for user in users])

    groups = Assignment.objects.filter(unit_type="class").values_list("unit_id", "variation")
    assert len(groups) == len(dict(groups)) == RACES
    people = Assignment.objects.filter(unit_type="user").values_list("group_id", "variation")
    assert len(people) == RACES * THREADS
    assert set(people) == set(groups)
    assert len(set(dict(groups).values())) == 2


@pytest.mark.parametrize("trial", range(3))
def test_a_class_racing_with_a_change_of_weights_gets_one_condition(trial: int) -> None:
    """Some draw by the old weights and some by the new ones; who is first decides for all."""
    experiment = _running(**BY_CLASS)
    users = [f"student{number}" for number in range(THREADS)]
    _learn(users)

    def swap() -> None:
        first, second = experiment.variations.order_by("position")
        for arm, weight in ((first, 1 - trial % 2), (second, trial % 2)):
            experiment.variations.filter(pk=arm.pk).update(weight=weight)
        lifecycle.publish(project=experiment.project, now=builders.NOW)

    _at_once([*(_mark(user) for user in users[:8]), swap, *(_mark(user) for user in users[8:])])

    live = Assignment.objects.filter(ended_at__isnull=True)
    assert live.filter(unit_type="user").count() == THREADS
    assert live.values("variation").distinct().count() == 1


def test_the_last_place_is_taken_once() -> None:
    _running(ending_user_count=5)
    users = [f"student{number}" for number in range(THREADS)]
    _learn(users)

    _at_once([_mark(user) for user in users])

    assert Experiment.objects.get().status == Experiment.Status.PAUSED
    assert Assignment.objects.count() == 5


def test_a_move_and_a_mark_racing_leave_one_live_arm() -> None:
    _running(**BY_CLASS)
    _learn(["ada"])
    moves = [Change(True, {"class": [name]}, True, {"class": name}) for name in ("c1", "c2", "c3", "c4")]
    later = builders.NOW + timedelta(minutes=1)

    def move(change: Change) -> Callable[[], object]:
        return lambda: people.update(user_id="ada", change=change, now=later)

    _at_once([call for change in moves for call in (_mark("ada"), move(change))])

    live = Assignment.objects.filter(unit_type="user", ended_at__isnull=True)
    assert live.count() <= 1
    marking.mark(sighting=Sighting("ada", *POINT), now=later)
    told = live.get()
    person = people.known(user_id="ada")
    group = Assignment.objects.get(unit_type="class", unit_id=(person.working_groups or {})["class"])
    assert told.variation_id == group.variation_id
