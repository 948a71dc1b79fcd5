"""The writer thread: acknowledged means safe, nobody waits for long, nothing counts twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from events import ingest, writer
from events.models import Event, Exposure, Quarantine
from experiments.errors import Unavailable
from tests.domain.events import rows
from tests.harness.holding import Hold
from tests.harness.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def _in_threads(number: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(each,)) for each in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _waiting_for_the_lock() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {WAITING}")
        return int(cursor.fetchone()[0])


@contextmanager
def _broken_database() -> Iterator[None]:
    """No writer of events can commit while the block runs."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_commit RENAME TO events_elsewhere")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE events_elsewhere RENAME TO events_commit")


def _keys() -> list[str]:
    return sorted(Event.objects.values_list("key", flat=True))


def test_what_is_acknowledged_is_committed(live_writer: None) -> None:
    ingest.store([rows.event(), rows.exposure()])

    assert (Event.objects.count(), Exposure.objects.count()) == (1, 1)


def test_the_rows_of_many_callers_are_there_once(live_writer: None) -> None:
    def work(caller: int) -> None:
        for call in range(25):
            ingest.store([rows.event(key=f"{caller}-{call}-{row}") for row in range(3)])

    _in_threads(8, work)

    assert _keys() == sorted(f"{caller}-{call}-{row}" for caller in range(8) for call in range(25) for row in range(3))


def test_the_same_client_ids_from_many_callers_count_once(live_writer: None) -> None:
    _in_threads(8, lambda caller: ingest.store([rows.event(uuid=str(number)) for number in range(50)]))

    assert Event.objects.count() == 50


def test_a_caller_with_a_bad_row_sinks_nobody(live_writer: None) -> None:
    def work(caller: int) -> None:
        ingest.store([rows.event(key=str(caller), project_id=2**70 if caller == 3 else 1)])

    _in_threads(8, work)

    assert _keys() == ["0", "1", "2", "4", "5", "6", "7"]
    assert Quarantine.objects.count() == 1


def test_nobody_waits_for_a_database_that_does_not_commit(database: Hold) -> None:
    database.hold()

    _in_threads(20, lambda caller: ingest.store([rows.event(key=f"{caller:02}")]))

    assert writer.status().spooled_bytes > 0
    database.release()
    until(lambda: Event.objects.count() >= 20)
    until(lambda: writer.status().spooled_bytes == 0)
    assert _keys() == [f"{caller:02}" for caller in range(20)]


def test_while_the_database_is_slow_callers_do_not_queue_up_for_it(database: Hold, settings: Any) -> None:
    settings.WRITER_PATIENCE = 30.0
    settings.WRITER_WAITERS = 1
    database.hold()
    waiting = threading.Thread(target=lambda: ingest.store([rows.event(key="waits")]))
    waiting.start()
    until(lambda: writer.running()._slots._value == 0)

    ingest.store([rows.event(key="does not wait")])

    assert waiting.is_alive()
    database.release()
    waiting.join()
    until(lambda: _keys() == ["does not wait", "waits"])


def test_while_commits_are_swift_everybody_waits_for_one(live_writer: None, settings: Any, tmp_path: Path) -> None:
    settings.WRITER_WAITERS, settings.WRITER_SWIFT, settings.WRITER_PATIENCE = 1, 30.0, 30.0
    ingest.store([rows.event(key="first")])

    _in_threads(20, lambda caller: ingest.store([rows.event()]))

    assert Event.objects.count() == 21
    assert not (tmp_path / "spool").exists()


def test_a_commit_that_turns_out_slow_is_waited_for_by_few(database: Hold, settings: Any) -> None:
    settings.WRITER_WAITERS, settings.WRITER_SWIFT, settings.WRITER_PATIENCE = 1, 0.5, 30.0
    ingest.store([rows.event(key="first")])
    until(writer.running().detour.is_swift)
    database.hold()
    early = [threading.Thread(target=lambda: ingest.store([rows.event(key="early")])) for _ in range(2)]
    early[0].start()
    until(lambda: not writer.running().detour.is_swift())
    early[1].start()
    until(lambda: writer.running()._slots._value == 0)

    ingest.store([rows.event(key="late")])

    assert [thread.is_alive() for thread in early] == [True, True]
    database.release()
    for thread in early:
        thread.join()
    until(lambda: _keys() == ["early", "early", "first", "late"])


def test_a_caller_who_stopped_waiting_counts_once(database: Hold, settings: Any) -> None:
    settings.WRITER_PATIENCE = 0.01
    database.hold()
    ingest.store([rows.event(key="left")])
    database.release()

    until(lambda: Event.objects.exists())
    until(lambda: writer.status().spooled_bytes == 0)
    assert _keys() == ["left"]


def test_with_no_place_left_a_caller_is_told_to_come_back(live_writer: None, settings: Any) -> None:
    settings.WRITER_WAITERS = 0
    settings.SPOOL_MAX_BYTES = 100

    with pytest.raises(Unavailable) as refusal:
        ingest.store([rows.event()])

    assert refusal.value.retry_after > 0
    assert Event.objects.count() == 0


def test_what_a_stopped_writer_spooled_is_written_by_the_next(database: Hold, tmp_path: Path) -> None:
    database.hold()
    ingest.store([rows.event(key="before")])
    stopping = writer.running()
    database.release()
    writer.shut_down()
    stopping.store([rows.event(key="after")])
    stopping.spool.close()

    ingest.store([rows.event(key="next")])

    until(lambda: _keys() == ["after", "before", "next"])
    until(lambda: not list((tmp_path / "spool").iterdir()))


def test_noted_exposures_are_written_soon(live_writer: None) -> None:
    ingest.note([rows.exposure(), rows.exposure(user_id="bob")])

    until(lambda: Exposure.objects.count() == 2)


def test_a_stop_writes_what_was_noted(live_writer: None) -> None:
    ingest.note([rows.exposure()])

    writer.shut_down()

    assert Exposure.objects.count() == 1


def test_what_is_noted_after_a_stop_is_written_by_the_next(live_writer: None) -> None:
    stopping = writer.running()
    writer.shut_down()

    stopping.note([rows.exposure()])
    stopping.spool.close()
    ingest.store([rows.event()])

    until(lambda: Exposure.objects.count() == 1)


@pytest.mark.postgresql
def test_what_a_stop_left_to_others_counts_once_when_the_commit_fails_afterwards(
    database: Hold, tmp_path: Path
) -> None:
    database.hold()
    ingest.note([rows.exposure()])
    until(lambda: _waiting_for_the_lock() == 1)
    writer.shut_down()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {WAITING}")
    database.release()
    until(lambda: not any(thread.name == "events" for thread in threading.enumerate()))

    ingest.store([rows.event()])

    until(lambda: not list((tmp_path / "spool").iterdir()))
    assert Exposure.objects.count() == 1


def test_an_arm_is_noted_once_per_person(live_writer: None) -> None:
    for _ in range(3):
        ingest.note([rows.exposure(), rows.exposure(user_id="bob"), rows.exposure(variation_id=71)])
    writer.shut_down()

    assert Exposure.objects.count() == 3


def test_what_was_noted_long_ago_may_be_noted_again(live_writer: None, settings: Any) -> None:
    settings.EXPOSURES_REMEMBERED = 2
    for user_id in ("ada", "bob", "cyd", "dan", "eve", "ada"):
        ingest.note([rows.exposure(user_id=user_id)])
    writer.shut_down()

    assert Exposure.objects.count() == 6


def test_exposures_beyond_the_buffer_are_dropped_and_counted(database: Hold, settings: Any) -> None:
    settings.EXPOSURES_BUFFER = 3

    ingest.note([rows.exposure(user_id=str(number)) for number in range(5)])

    assert writer.status().dropped == 2


def test_an_exposure_that_found_no_place_is_noted_when_the_person_comes_again(live_writer: None, settings: Any) -> None:
    settings.SPOOL_MAX_BYTES = 0
    with _broken_database():
        ingest.note([rows.exposure()])
        until(lambda: writer.status().dropped == 1)

    until(lambda: not writer.status().is_detoured)
    ingest.note([rows.exposure()])

    until(lambda: Exposure.objects.count() == 1)


def test_exposures_can_be_made_to_wait_for_the_commit(live_writer: None, settings: Any) -> None:
    settings.EXPOSURES = "commit"

    ingest.note([rows.exposure()])
    ingest.note([rows.exposure()])

    assert Exposure.objects.count() == 1


def test_a_forked_process_gets_a_writer_of_its_own(live_writer: None) -> None:
    ingest.store([rows.event()])
    ours = writer.running()

    ours.pid += 1
    theirs = writer.running()
    ours.pid -= 1
    ours.stop()

    assert theirs is not ours
    assert theirs.is_running()
