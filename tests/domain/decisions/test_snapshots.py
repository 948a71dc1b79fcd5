"""Snapshots stay fresh by the clock, survive a database that is away, and never mix old with new."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from pytest_django import DjangoAssertNumQueries, Settings

from decisions import lastgood, lifecycle, snapshots
from decisions.compile import compile_snapshot, gather
from decisions.engine import Subject
from experiments.models import Experiment, Project, Publication
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def following(settings: Settings, tmp_path: Path) -> None:
    """As in a server: reads never ask the database, and the last good copies are kept."""
    settings.INLINE_SNAPSHOTS = False
    settings.VAR_DIR = tmp_path


@pytest.fixture
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    def away() -> None:
        def refuse() -> None:
            raise DatabaseError("the database is away")

        monkeypatch.setattr(connection, "cursor", refuse)

    yield away
    monkeypatch.undo()


def test_reading_a_snapshot_asks_the_database_nothing(
    following: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    experiment = builders.running(project=builders.project())
    snapshots.refresh()

    with django_assert_num_queries(0):
        found = snapshots.for_key(experiment.project.key)

    assert found is not None and found.revision == 1


def test_an_unknown_key_asks_the_database_at_most_once_in_a_while(
    following: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    snapshots.refresh()
    snapshots.for_sdk_key("nobody")

    with django_assert_num_queries(0):
        assert snapshots.for_sdk_key("nobody") is None


def test_a_process_that_starts_while_the_database_is_away_decides_by_the_last_good_copy(
    following: None, database_away: Callable[[], None]
) -> None:
    experiment = builders.running(project=builders.project())
    builders.flag(project=experiment.project, rules=[experiment])
    lifecycle.publish(project=experiment.project, now=builders.NOW)
    snapshots.refresh()
    before = snapshots.for_key("home")
    snapshots.forget()

    database_away()
    after = snapshots.for_key("home")

    assert before is not None and after is not None
    assert after.datafile == before.datafile
    ada = Subject("ada", {})
    assert (
        after.engine.decide("button_flag", ada).variation_key == before.engine.decide("button_flag", ada).variation_key
    )
    assert snapshots.condition().database_away_since is not None


def test_when_the_database_is_back_the_present_state_counts(
    following: None, database_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = builders.running(project=builders.project()).project
    snapshots.refresh()
    snapshots.forget()
    database_away()
    snapshots.current()
    monkeypatch.undo()
    lifecycle.publish(project=project, now=builders.NOW)

    snapshots.refresh()

    found = snapshots.for_key("home")
    assert found is not None and found.revision == 2
    assert snapshots.condition().database_away_since is None
    assert [kept.revision for kept in lastgood.read_all()] == [2]


def test_an_older_copy_never_replaces_a_newer_one_on_disk(following: None) -> None:
    project = builders.running(project=builders.project()).project
    old = gather(project=Project.objects.get())
    lifecycle.publish(project=project, now=builders.NOW)
    new = gather(project=Project.objects.get())
    lastgood.keep(sources=new)

    lastgood.keep(sources=old)

    assert [kept.generation for kept in lastgood.read_all()] == [new.generation]


def test_a_revision_and_its_document_go_together_though_somebody_publishes_meanwhile() -> None:
    project = builders.running(project=builders.project()).project
    read = Project.objects.get()
    before = gather(project=read)
    builders.flag(project=project)
    lifecycle.publish(project=project, now=builders.NOW)

    assert gather(project=read) == before


@pytest.mark.parametrize("starts_anew", [True, False])
def test_the_last_good_copy_follows_a_database_that_was_restored(following: None, starts_anew: bool) -> None:
    project = builders.running(project=builders.project()).project
    restored = Project.objects.get().generation
    for _ in range(3):
        lifecycle.publish(project=project, now=builders.NOW)
    snapshots.refresh()
    if starts_anew:
        snapshots.forget()
    Project.objects.update(generation=restored)

    snapshots.refresh()

    assert [kept.generation for kept in lastgood.read_all()] == [restored]


def test_a_project_that_went_while_no_server_ran_leaves_no_copy(following: None) -> None:
    project = builders.running(project=builders.project()).project
    snapshots.refresh()
    snapshots.forget()
    project.delete()

    snapshots.refresh()

    assert lastgood.read_all() == []


@pytest.mark.parametrize("damage", [b'{"project_id": 7, "key"', b'{"project_uid": "\xff"}', b"\0\0\0", b""])
def test_a_broken_copy_on_disk_counts_as_none(following: None, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "7.json").write_bytes(damage)

    assert lastgood.read_all() == []


def test_an_experiment_begins_and_ends_at_its_dates_without_anybody_publishing() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    experiment = builders.experiment(
        project=builders.project(), starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2)
    )
    lifecycle.change_status(experiment=experiment, to=Experiment.Status.RUNNING, now=now)
    sources = gather(project=Project.objects.get())

    at = {hours: compile_snapshot(sources=sources, now=now + timedelta(hours=hours)) for hours in (0, 1, 2)}

    drawn = {hours: found.engine.arm(experiment.datafile_id, Subject("ada", {})) for hours, found in at.items()}
    assert [drawn[hours] is not None for hours in (0, 1, 2)] == [False, True, False]
    assert [at[hours].expires_at for hours in (0, 1, 2)] == [
        now + timedelta(hours=1),
        now + timedelta(hours=2),
        None,
    ]
    assert at[1].changed_at == now + timedelta(hours=1)


def test_a_flag_is_on_through_its_last_day() -> None:
    flag = builders.flag(
        project=builders.project(), key="new_menu", starts_on=datetime(2026, 11, 2), ends_on=datetime(2026, 11, 3)
    )
    lifecycle.publish(project=flag.project, now=builders.NOW)
    sources = gather(project=Project.objects.get())

    on = {
        day: compile_snapshot(sources=sources, now=datetime(2026, 11, day, 23, 59, tzinfo=UTC))
        .engine.decide("new_menu", Subject("ada", {}))
        .enabled
        for day in (1, 2, 3, 4)
    }

    assert on == {1: False, 2: True, 3: True, 4: False}


def test_a_project_that_is_gone_is_gone_from_memory_and_disk(following: None) -> None:
    project = builders.running(project=builders.project()).project
    snapshots.refresh()

    project.delete()
    snapshots.refresh()

    assert snapshots.for_key("home") is None
    assert lastgood.read_all() == []


def test_a_project_that_cannot_be_compiled_keeps_its_last_good_state_and_holds_up_no_other(following: None) -> None:
    broken = builders.running(project=builders.project(key="broken")).project
    other = builders.running(project=builders.project(key="other")).project
    snapshots.refresh()
    Publication.objects.filter(project=broken).update(document='{"experiments": [{"id": 1}]}')
    snapshots.announce(project_ids=[broken.pk])
    lifecycle.publish(project=other, now=builders.NOW)

    snapshots.refresh()

    assert snapshots.for_project(broken.pk).revision == 1
    assert snapshots.for_project(other.pk).revision == 2
