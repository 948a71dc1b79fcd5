"""The keeper's loop and its lease."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.db import close_old_connections, connection

from decisions.clock import keeping, lease
from decisions.clock.keeping import Job, Keeper
from tests.harness.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = threading.Event()


def _noting(name: str, done: list[str], *, everywhere: bool = False, every: float = 1000) -> Job:
    return Job(name, every, lambda now: done.append(name), everywhere=everywhere)


def _in_another_session(work: Callable[[], None]) -> None:
    """Run in a thread, which has a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_job_runs_at_once_and_then_when_it_is_due(tmp_path: Path) -> None:
    done: list[str] = []
    keeper = Keeper([_noting("often", done, every=0), _noting("seldom", done)], lease.of_this_database(tmp_path))

    for _ in range(3):
        keeper.run_due(NEVER)

    assert done == ["often", "seldom", "often", "often"]


def test_a_job_that_fails_keeps_no_other_from_running(tmp_path: Path) -> None:
    def fail(now: datetime) -> None:
        raise ZeroDivisionError

    done: list[str] = []
    keeper = Keeper([Job("fail", 0, fail), _noting("work", done)], lease.of_this_database(tmp_path))

    keeper.run_due(NEVER)

    assert done == ["work"]


def test_of_two_keepers_one_works_and_both_do_what_is_to_be_done_everywhere(tmp_path: Path) -> None:
    first: list[str] = []
    second: list[str] = []

    def jobs(done: list[str]) -> list[Job]:
        return [_noting("once", done, every=0), _noting("everywhere", done, everywhere=True, every=0)]

    holder = Keeper(jobs(first), lease.of_this_database(tmp_path))
    holder.run_due(NEVER)
    other = lease.of_this_database(tmp_path)
    _in_another_session(lambda: Keeper(jobs(second), other).run_due(NEVER))

    assert (first, second) == (["once", "everywhere"], ["everywhere"])


def test_a_lease_that_is_given_up_can_be_taken(tmp_path: Path) -> None:
    ours = lease.of_this_database(tmp_path)
    assert ours.held()
    ours.release()

    taken: list[bool] = []
    _in_another_session(lambda: taken.append(lease.of_this_database(tmp_path).held()))

    assert taken == [True]


@pytest.mark.postgresql
def test_a_lease_is_lost_with_its_connection(tmp_path: Path) -> None:
    ours, theirs = lease.of_this_database(tmp_path), lease.of_this_database(tmp_path)
    assert ours.held()
    connection.close()

    answers: list[bool] = []
    taken, finished = threading.Event(), threading.Event()

    def take_and_wait() -> None:
        answers.append(theirs.held())
        taken.set()
        finished.wait()
        connection.close()

    thread = threading.Thread(target=take_and_wait)
    thread.start()
    taken.wait()
    answers.append(ours.held())
    finished.set()
    thread.join()

    assert answers == [True, False]


@pytest.mark.postgresql
def test_a_lease_is_lost_when_the_server_ends_its_session(tmp_path: Path) -> None:
    first: list[str] = []
    second: list[str] = []
    ours, theirs = lease.of_this_database(tmp_path), lease.of_this_database(tmp_path)
    taken, finished = threading.Event(), threading.Event()
    Keeper([_noting("work", first)], ours).run_due(NEVER)

    def take_over() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        until(theirs.held)
        Keeper([_noting("work", second)], theirs).run_due(NEVER)
        taken.set()
        finished.wait()
        connection.close()

    thread = threading.Thread(target=take_over)
    thread.start()
    taken.wait()
    close_old_connections()
    Keeper([_noting("more", first)], ours).run_due(NEVER)
    finished.set()
    thread.join()

    assert (first, second) == (["work"], ["work"])


def test_the_keeper_stops_when_it_is_told_to(tmp_path: Path) -> None:
    stopping = threading.Event()
    done: list[str] = []
    jobs = [Job("stop", 1000, lambda now: stopping.set()), _noting("too late", done)]

    Keeper(jobs, lease.of_this_database(tmp_path)).keep(stopping)

    assert done == []


def test_every_job_of_the_table_can_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Keeper(keeping.JOBS, lease.of_this_database(tmp_path)).run_due(NEVER)
    keeping.settle()

    assert [record.message for record in caplog.records if "failed" in record.message] == []
