"""The state that SDKs poll, by a clock of our own: days that begin and end, and pollers that miss nothing (§2.7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection
from pytest_django import Settings

from config.wire.message import Request
from config.wire.testlab import freshness
from decisions import bell, lifecycle, snapshots
from decisions.lab import current, delivery
from decisions.lab.current import Current
from experiments.models import Experiment, Project
from features.authoring import Wanted
from features.catalogue import Feature
from features.models import Flag, UserBlock
from tests import builders

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 1, 23, 59, 58, 600_000, tzinfo=UTC)
KEY = "lab"


def _make(*, kind: int = 3, name: str = "f", first: date, last: date, now: datetime = NOW) -> Feature:
    wanted = Wanted(kind, name, first, last, True, Decimal("0.5"), "")
    with delivery.turn(project_key=KEY) as project:
        return delivery.create(project=project, wanted=wanted, strict=False, now=now).feature


def _at(now: datetime) -> Current:
    return current.at(project_key=KEY, now=now)


def test_a_feature_appears_with_its_blocks_when_its_first_day_begins() -> None:
    made = _make(first=date(2026, 11, 2), last=date(2026, 11, 2))

    before, on_the_day, after = (_at(NOW + timedelta(seconds=passed)) for passed in (0, 2, 86_402))

    assert (before.features, after.features) == ((), ())
    assert [row.id for row in on_the_day.features] == [made.id]
    assert [sum(block.feature_id == made.id for block in seen.blocks) for seen in (before, on_the_day, after)] == [
        0,
        10,
        0,
    ]


def test_the_beginning_of_a_day_is_a_change() -> None:
    _make(kind=2, first=date(2026, 11, 2), last=date(2026, 11, 2))

    assert _at(NOW).changed_at == NOW
    assert _at(NOW + timedelta(seconds=5)).changed_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert _at(NOW + timedelta(days=1, seconds=5)).changed_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_the_keeper_begins_the_day_without_a_poll() -> None:
    made = _make(first=date(2026, 11, 2), last=date(2026, 11, 2))

    current.begin_day(project_key=KEY, now=NOW + timedelta(seconds=2))

    assert UserBlock.objects.filter(feature_id=made.id).count() == 10


def test_a_day_that_begins_before_test_lab_is_used_makes_nothing() -> None:
    current.begin_day(project_key=KEY, now=NOW)

    assert not Project.objects.filter(key=KEY).exists()


def test_an_edit_counts_when_it_is_published() -> None:
    made = _make(first=date(2026, 1, 1), last=date(2026, 12, 31))
    Flag.objects.filter(pk=made.id).update(description="edited")
    assert [row.description for row in _at(NOW).features] == [""]

    lifecycle.publish(project=current.project(key=KEY), now=NOW)

    assert [row.description for row in _at(NOW).features] == ["edited"]


def test_what_another_process_of_this_machine_published_is_polled_at_once(settings: Settings) -> None:
    made = _make(first=date(2026, 1, 1), last=date(2026, 12, 31))
    settings.INLINE_SNAPSHOTS = False
    snapshots.refresh()
    _at(NOW)
    Flag.objects.filter(pk=made.id).update(description="edited")
    lifecycle.publish(project=current.project(key=KEY), now=NOW)
    assert [row.description for row in _at(NOW).features] == [""]

    bell.ring()

    assert [row.description for row in _at(NOW).features] == ["edited"]


@pytest.mark.parametrize("fields", [{"active": False}, {"dialects": ["agent"]}])
def test_a_project_that_is_closed_to_these_clients_shows_nothing(fields: dict[str, Any]) -> None:
    _make(first=date(2026, 1, 1), last=date(2026, 12, 31))
    project = current.project(key=KEY)
    for name, value in fields.items():
        setattr(project, name, value)
    project.save()

    lifecycle.publish(project=project, now=NOW)

    assert _at(NOW).features == ()


def test_to_close_a_project_is_a_change() -> None:
    _make(first=date(2026, 1, 1), last=date(2026, 12, 31))
    later = NOW + timedelta(minutes=10)
    assert _at(NOW).changed_at == _at(later).changed_at == NOW

    project = current.project(key=KEY)
    project.active = False
    project.save()
    snapshots.announce(project_ids=[project.pk])

    assert _at(later).features == ()
    assert _at(later).changed_at == later


def test_a_researchers_experiment_is_a_feature_while_it_runs() -> None:
    project = builders.project(key=KEY)
    experiment = builders.running(project=project, now=NOW, weights={"a": "0.25", "b": "0.75"}, traffic=Decimal("0.3"))
    flag = builders.flag(project=project, key="researched", rules=[experiment])
    lifecycle.publish(project=project, now=NOW)

    (seen,) = _at(NOW).features
    lifecycle.change_status(experiment=experiment, to=Experiment.Status.COMPLETED, now=NOW)

    assert (seen.id, seen.name, seen.kind, seen.is_running) == (flag.pk, "researched", 3, True)
    assert seen.share == Decimal("0.3")
    assert [(arm.value, arm.weight) for arm in seen.variants] == [("a", "0.25"), ("b", "0.75")]
    assert sum(block.feature_id == flag.pk for block in _at(NOW).blocks) == 0
    assert _at(NOW).features == ()


@dataclass
class Poller:
    """An SDK: every `interval` it asks for what changed since "now minus my interval", cut to the second."""

    phase: float
    interval: float = 2.0
    knows: frozenset[str] = frozenset()

    def poll(self, now: datetime) -> None:
        since = now - timedelta(seconds=self.interval)
        headers = {"HTTP_IF_MODIFIED_SINCE": freshness.http_date(int(since.timestamp()))} if self.knows else {}
        seen = _at(now)
        answer = freshness.fresh_or_whole(
            Request("GET", "/api/feature/current", headers),
            repr(seen).encode(),
            modified=freshness.last_modified(seen.changed_at),
        )
        if answer.status == 200:
            self.knows = frozenset(row.name for row in seen.features)


def _moments(pollers: list[Poller], start: datetime, rounds: int) -> Iterator[tuple[datetime, Poller]]:
    polls = [
        (start + timedelta(seconds=poller.phase + poller.interval * turn), poller)
        for poller in pollers
        for turn in range(rounds)
    ]
    return iter(sorted(polls, key=lambda poll: poll[0]))


def _stale_after(change_at: timedelta) -> int:
    """How many of 84 pollers at 2 s do not know of a change, three polls after it."""
    start = NOW.replace(hour=12, minute=0, second=0, microsecond=0)
    _make(name="old", first=date(2026, 1, 1), last=date(2026, 12, 31), now=start - timedelta(days=1))
    pollers = [Poller(phase=number / 42) for number in range(84)]
    changed = False
    for moment, poller in _moments(pollers, start, rounds=6):
        if not changed and moment >= start + change_at:
            _make(name="new", first=date(2026, 1, 1), last=date(2026, 12, 31), now=start + change_at)
            changed = True
        poller.poll(moment)
    return sum(poller.knows != {"old", "new"} for poller in pollers)


@pytest.mark.parametrize("milliseconds", [4_001, 4_500, 4_999, 5_000])
def test_no_poller_stays_stale(milliseconds: int) -> None:
    assert _stale_after(timedelta(milliseconds=milliseconds)) == 0


def test_by_the_second_of_the_change_alone_many_would(settings: Settings) -> None:
    settings.TESTLAB_CHANGE_MARGIN = -1  # rounded up to whole seconds: the second in which the change was made

    assert _stale_after(timedelta(milliseconds=4_900)) > 10


def _refuse(*args: Any, **kwargs: Any) -> None:
    raise DatabaseError("the database is away")


def test_a_change_right_after_an_outage_is_advertised_a_second_later(monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2026, 11, 1)
    _make(name="old", first=day, last=day, now=NOW - timedelta(seconds=10))
    _at(NOW - timedelta(seconds=9))
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", _refuse)
        _at(NOW - timedelta(seconds=1))
    made = _make(name="new", first=day, last=day)

    seen = _at(NOW + timedelta(milliseconds=450))
    with delivery.turn(project_key=KEY) as project:
        delivery.delete(project=project, feature_id=made.id, now=NOW + timedelta(milliseconds=460))
    after = _at(NOW + timedelta(milliseconds=470))

    assert [row.name for row in after.features] == ["old"]
    assert freshness.last_modified(seen.changed_at) < freshness.last_modified(after.changed_at)
