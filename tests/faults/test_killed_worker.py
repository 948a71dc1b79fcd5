"""kill -9 of a worker under load, twenty times."""

import contextlib
import os
import signal
import time

import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World, oldest_worker

pytestmark = pytest.mark.serial

# Granian gives up when one worker fails twice within that time, and starts slower than gunicorn forks.
PAUSES = {"granian": 6.0, "gunicorn": 0.0}


@pytest.mark.parametrize(("server_name", "kills"), [("gunicorn", 16), ("granian", 4)])
def test_a_killed_worker_loses_nothing_and_doubles_nothing(world: World, server_name: str, kills: int) -> None:
    """Few may wait for a commit, so that many of the events are in the spool when their worker dies."""
    with (
        world.serving(ARBITER_WRITER_WAITERS="2", SERVER=server_name) as server,
        Load(server.url, posters=8) as load,
    ):
        for _ in range(kills):
            load.wait_for(40)
            with contextlib.suppress(ProcessLookupError):
                os.kill(oldest_worker(server), signal.SIGKILL)
            time.sleep(PAUSES[server_name])
        load.wait_for(1)
        load.stop()
        everything_is_there_once(world, load)

    assert load.broken > 0
    assert not load.refusals
