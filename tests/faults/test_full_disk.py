"""No place left for the spool while the database takes nothing."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World
from tests.harness.holding import Hold
from tests.harness.waiting import until

pytestmark = pytest.mark.alone

ROOM = 128 * 1024


@contextmanager
def _small_disk(path: Path) -> Iterator[dict[str, str]]:
    """A file system of `ROOM` bytes where we may mount one, else a spool that is bounded to as much."""
    path.mkdir(parents=True)
    mounted = os.geteuid() == 0 and not subprocess.call(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(path)], stderr=subprocess.DEVNULL
    )
    try:
        yield {} if mounted else {"ARBITER_SPOOL_MAX_BYTES": str(ROOM)}
    finally:
        if mounted:
            subprocess.call(["umount", "--lazy", str(path)])


def test_a_full_disk_is_answered_with_come_back_later_and_corrupts_nothing(world: World) -> None:
    hold = Hold(world.database_url)
    with _small_disk(world.spool) as settings, world.serving(**settings) as server:
        hold.hold()
        try:
            with Load(server.url, posters=6) as load:
                until(lambda: len(load.refusals) > 20, seconds=90)
                accepted = len(load.acknowledged)
                hold.release()
                load.wait_for(50)
                load.stop()
                everything_is_there_once(world, load)
        finally:
            hold.release()

    assert accepted > 50
    assert {answer.status for answer in load.refusals} == {503}
    assert all(answer.retry_after and int(answer.retry_after) > 0 for answer in load.refusals)
