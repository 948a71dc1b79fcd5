"""kill -9 of a worker under load, twenty times."""

import contextlib
import os
import signal
import time

import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World, oldest_worker

pytestmark = pytest.mark.alone

EVERYBODY_WAITS = {"ARBITER_WRITER_WAITERS": "16", "ARBITER_WRITER_PATIENCE": "30"}
FEW_WAIT = {"ARBITER_WRITER_WAITERS": "2", "ARBITER_WRITER_SWIFT": "0"}
NOBODY_WAITS = {"ARBITER_WRITER_WAITERS": "0", "ARBITER_WRITER_SWIFT": "0"}

# Granian gives up when one worker fails twice within seconds, and starts slower than gunicorn forks.
PAUSES = {"granian": 6.0, "gunicorn": 0.2}


@pytest.mark.parametrize(
    ("server_name", "kills", "settings"),
    [("gunicorn", 8, EVERYBODY_WAITS), ("gunicorn", 8, NOBODY_WAITS), ("granian", 4, FEW_WAIT)],
    ids=["waiting for commits", "through the spool", "both ways, under granian"],
)
def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    world: World, server_name: str, kills: int, settings: dict[str, str]
) -> None:
    with world.serving(SERVER=server_name, **settings) as server, Load(server.url, posters=8) as load:
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
