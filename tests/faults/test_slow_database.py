"""A database that takes 200 ms for every statement, and 32 clients who store events."""

import time

import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.slowness import slow_way_to
from tests.faults.world import World

pytestmark = pytest.mark.alone

SECONDS = 10.0
# A commit takes five statements. A decision that waited for one, or for a thread that does, would take that long.
A_COMMIT = 1.0


def test_decisions_do_not_wait_for_a_slow_database(world: World) -> None:
    with (
        slow_way_to(world.database_url) as way,
        world.serving(through=way.url, WORKERS="1") as server,
        Load(server.url, posters=32, deciders=2) as load,
    ):
        load.wait_for(100, decisions=100)
        way.begin()
        time.sleep(1)
        before, accepted = len(load.decisions), len(load.acknowledged)
        time.sleep(SECONDS)
        meanwhile, accepted_meanwhile = load.decisions[before:], len(load.acknowledged) - accepted
        way.end()
        load.stop()
        everything_is_there_once(world, load)

    waits = sorted(answer.seconds for answer in meanwhile)
    assert waits[int(len(waits) * 0.99)] < A_COMMIT
    assert {answer.status for answer in meanwhile} == {200}
    assert accepted_meanwhile > 100
    assert (load.refusals, load.broken) == ([], 0)
