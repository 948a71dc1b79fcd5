"""The spool: what it keeps, what it gives back, and what it makes of damage."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest

from events import commits, replay, writing
from events.models import Event, Exposure, Quarantine
from events.spool import LOCK, Spool, homes, left_behind
from experiments.errors import Unavailable
from tests.domain.events import rows

pytestmark = pytest.mark.django_db


def _spool(root: Path, *, limit: int = 1_000_000, segment_limit: int = 100_000) -> Spool:
    return Spool(root, limit=limit, segment_limit=segment_limit)


def _segments(root: Path) -> list[Path]:
    return sorted(root.glob("*/*.spool"))


def _keys() -> list[str]:
    return list(Event.objects.order_by("id").values_list("key", flat=True))


def test_what_a_dead_process_left_is_written_in_order_and_its_directory_goes(tmp_path: Path) -> None:
    spool = _spool(tmp_path, segment_limit=1000)
    wide = {"wide": 2**80, "text": "Zoë"}
    for number in range(10):
        spool.append([rows.event(key=f"{number}a", payload=wide), rows.exposure(), rows.event(key=f"{number}b")])
    assert len(_segments(tmp_path)) > 1
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert _keys() == [f"{number}{letter}" for number in range(10) for letter in "ab"]
    assert Event.objects.earliest("id").payload == wide
    assert Exposure.objects.count() == 10
    assert list(tmp_path.iterdir()) == []


def test_the_spool_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event()])

    assert replay.replay_left_behind(tmp_path) == 0

    assert Event.objects.count() == 0
    assert len(_segments(tmp_path)) == 1


def test_a_segment_that_was_written_but_not_removed_is_not_written_again(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event()])
    (segment,) = _segments(tmp_path)

    replay.replay(segment)
    replay.replay(segment)

    assert Event.objects.count() == 1


def test_rows_of_a_commit_that_took_place_are_not_written_again(tmp_path: Path) -> None:
    happened, failed = uuid4(), uuid4()
    writing.commit([rows.event(key="committed")], uid=happened)
    spool = _spool(tmp_path)
    spool.append([rows.event(key="committed")], commit=happened)
    spool.append([rows.event(key="failed")], commit=failed)
    spool.append([rows.event(key="failed too")], commit=failed)
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["committed", "failed", "failed too"]
    with pytest.raises(commits.Forbidden):
        writing.commit([rows.event(key="failed")], uid=failed)


def test_half_a_line_at_the_end_was_never_acknowledged_and_is_left_out(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event(key="whole")])
    spool.append([rows.event(key="torn")])
    spool.close()
    (segment,) = _segments(tmp_path)
    os.truncate(segment, segment.stat().st_size - 5)

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["whole"]
    assert Quarantine.objects.count() == 0


def test_a_damaged_line_is_put_aside_and_its_neighbours_are_written(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    for key in ("before", "damaged", "after"):
        spool.append([rows.event(key=key)])
    spool.close()
    (segment,) = _segments(tmp_path)
    segment.write_bytes(segment.read_bytes().replace(b"damaged", b"d\x00maged"))

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["before", "after"]
    assert Quarantine.objects.get().source == "spool"


def test_a_bad_row_in_the_spool_is_put_aside_and_its_neighbours_are_written(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event(key="before"), rows.event(project_id=2**63), rows.event(key="after")])
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["before", "after"]
    assert Quarantine.objects.count() == 1


def test_a_segment_that_cannot_be_read_does_not_hold_up_the_next(tmp_path: Path) -> None:
    spool = _spool(tmp_path, segment_limit=1)
    for key in ("unreadable", "readable"):
        spool.append([rows.event(key=key)])
    spool.close()
    first, _ = _segments(tmp_path)
    first.unlink()
    first.mkdir()

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["readable"]
    assert [path.suffix for path in tmp_path.glob("*/0*")] == [".stuck"]


def test_a_segment_waits_while_the_process_has_no_file_left(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event()])
    (segment,) = _segments(tmp_path)
    with _no_file_left(), pytest.raises(OSError):
        replay.replay_or_set_aside(segment)

    replay.replay_or_set_aside(segment)

    assert Event.objects.count() == 1


@contextmanager
def _no_file_left() -> Iterator[None]:
    next_one = os.open(os.devnull, os.O_RDONLY)
    os.close(next_one)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_offset_in_seconds_does_not_move_an_instant(tmp_path: Path) -> None:
    occurred_at = datetime(1890, 1, 1, 12, tzinfo=timezone(timedelta(minutes=53, seconds=28)))
    spool = _spool(tmp_path)
    spool.append([rows.event(occurred_at=occurred_at)])
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert Event.objects.get().occurred_at == occurred_at


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = _spool(tmp_path, limit=2000)
    accepted = 0
    with pytest.raises(Unavailable) as refusal:
        while True:
            spool.append([rows.event(key=str(accepted))])
            accepted += 1
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert refusal.value.retry_after > 0
    assert accepted > 0
    assert _keys() == [str(number) for number in range(accepted)]


def test_a_spool_that_was_emptied_takes_rows_again(tmp_path: Path) -> None:
    spool = _spool(tmp_path, limit=500)
    for key in ("one", "two", "three"):
        spool.append([rows.event(key=key)])
        segment = spool.oldest()
        assert segment is not None
        replay.replay_or_set_aside(segment.path)
        spool.forget(segment)

    assert _keys() == ["one", "two", "three"]
    assert spool.pending == 0


def test_a_place_that_cannot_be_written_to_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Unavailable):
        _spool(tmp_path / "file").append([rows.event()])


def test_a_directory_is_adopted_by_one_at_a_time(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event()])
    spool.close()
    (home,) = homes(tmp_path)

    with left_behind(home) as mine, left_behind(home) as theirs:
        assert len(mine) == 1
        assert theirs == []
    assert (home / LOCK).exists()


def test_half_a_line_that_met_a_full_disk_is_taken_back(tmp_path: Path) -> None:
    spool = _spool(tmp_path)
    spool.append([rows.event(key="before")])
    size = _segments(tmp_path)[0].stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        with pytest.raises(Unavailable):
            spool.append([rows.event(key="too much")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    spool.append([rows.event(key="after")])
    spool.close()

    replay.replay_left_behind(tmp_path)

    assert _keys() == ["before", "after"]
    assert Quarantine.objects.count() == 0
