"""Real threads: whoever reads while somebody publishes sees the old or the new, and no publication is lost."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from decisions import lifecycle, snapshots
from decisions.engine import Subject
from experiments.models import Experiment, Project
from features.models import Variable
from tests import builders
from tests.harness.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PUBLICATIONS = 25
ADA = Subject("ada", {})


@pytest.fixture(autouse=True)
def as_in_a_server(settings: Settings) -> Iterator[None]:
    settings.INLINE_SNAPSHOTS = False
    yield


def _delivered(project: Project, key: str) -> Experiment:
    experiment = builders.running(project=project, key=key)
    flag = builders.flag(project=project, key=f"{key}_flag", rules=[experiment])
    builders.variable(flag=flag, key="version", default="0")
    return experiment


def _versions(project_id: int) -> set[object]:
    outcomes = snapshots.for_project(project_id).engine.decide_all(ADA)
    return {outcome.variables["version"] for outcome in outcomes}


def test_a_reader_sees_the_old_or_the_new_never_a_mix() -> None:
    project = builders.project()
    for number in range(5):
        _delivered(project, f"experiment_{number}")
    lifecycle.publish(project=project, now=builders.NOW)
    mixed: list[set[object]] = []
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            versions = _versions(project.pk)
            seen.update(versions)
            if len(versions) != 1:
                mixed.append(versions)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for version in range(1, PUBLICATIONS):
        with transaction.atomic():
            Variable.objects.filter(flag__project=project).update(default_value=str(version))
            lifecycle.publish(project=project, now=builders.NOW)
    done.set()
    for reader in readers:
        reader.join()

    assert mixed == []
    assert len(seen) > 1, "the readers saw no change at all"
    assert _versions(project.pk) == {str(PUBLICATIONS - 1)}


def test_two_publishers_at_once_are_both_visible_afterwards() -> None:
    project = builders.project()
    keys = ("left", "right")
    for key in keys:
        _delivered(project, key)
    failed: list[BaseException] = []

    def publish(key: str) -> None:
        try:
            for version in range(1, PUBLICATIONS):
                with transaction.atomic():
                    Variable.objects.filter(flag__key=f"{key}_flag").update(default_value=f"{key}-{version}")
                    lifecycle.publish(project=project, now=builders.NOW)
        except BaseException as fault:  # the thread must tell the test
            failed.append(fault)
        finally:
            connection.close()

    publishers = [threading.Thread(target=publish, args=(key,)) for key in keys]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()

    assert failed == []
    assert _versions(project.pk) == {f"{key}-{PUBLICATIONS - 1}" for key in keys}
    assert Project.objects.get().revision >= 2 * (PUBLICATIONS - 1)


@pytest.mark.postgresql
def test_of_those_who_ask_for_unknown_keys_one_waits_for_a_database_that_does_not_answer() -> None:
    snapshots.refresh()
    answered: list[object] = []

    def ask() -> None:
        answered.append(snapshots.for_sdk_key("nobody"))
        connection.close()

    askers = [threading.Thread(target=ask) for _ in range(4)]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE experiments_project IN ACCESS EXCLUSIVE MODE")
        for asker in askers:
            asker.start()
            time.sleep(snapshots.MISS_SECONDS * 1.5)
        until(lambda: len(answered) == len(askers) - 1, seconds=10)
    for asker in askers:
        asker.join()

    assert answered == [None] * len(askers)
