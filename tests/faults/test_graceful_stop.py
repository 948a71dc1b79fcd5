"""A server that is asked to stop writes what it holds first."""

import pytest

from tests.faults.load import Client
from tests.faults.world import World

pytestmark = pytest.mark.serial


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_stop_loses_no_exposure_that_a_decision_made(world: World, server_name: str) -> None:
    people = [f"person-{number}" for number in range(50)]
    with world.serving(SERVER=server_name) as server:
        client = Client(server.url)
        assert {client.decide(person).status for person in people} == {200}
        assert server.stop() == 0

    assert set(world.stored("events_exposure")) == set(people)
