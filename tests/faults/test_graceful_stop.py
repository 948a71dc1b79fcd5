"""A server that is asked to stop writes what it holds first."""

import pytest

from tests.faults.load import Client
from tests.faults.world import World
from tests.harness.holding import Hold

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_stop_loses_no_exposure_even_if_the_database_takes_none(world: World, server_name: str) -> None:
    people = [f"person-{number}" for number in range(50)]
    hold = Hold(world.database_url)
    with world.serving(SERVER=server_name) as server:
        client = Client(server.url)
        client.decide("first")  # so that the writer is there
        hold.hold()
        try:
            assert {client.decide(person).status for person in people} == {200}
            assert server.stop() == 0
        finally:
            hold.release()
    world.manage("keep", "--once")

    stored = world.stored("events_exposure")
    assert stored.keys() == {"first", *people}
    assert set(stored.values()) == {stored["first"]}
