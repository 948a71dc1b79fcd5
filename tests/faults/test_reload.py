"""SIGHUP: new workers take over under load, and nobody notices."""

import signal

import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World, workers
from tests.harness.waiting import until

pytestmark = pytest.mark.alone

CLIENTS = 6


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_reload_renews_the_workers_and_loses_nothing(world: World, server_name: str) -> None:
    with world.serving(SERVER=server_name) as server:
        before = workers(server)
        with Load(server.url, posters=4, deciders=2) as load:
            load.wait_for(40, decisions=40)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: workers(server) and not workers(server) & before, seconds=60)
            load.wait_for(40, decisions=40)
        everything_is_there_once(world, load)
        renewed = workers(server)
        assert server.stop() == 0

    assert len(renewed) == len(before)
    assert {answer.status for answer in load.decisions} == {200}
    assert load.refusals == []
    assert load.broken == 0
