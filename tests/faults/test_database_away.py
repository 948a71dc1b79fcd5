"""PostgreSQL stopped, as if its machine had failed, and started again later."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World, prepare
from tests.harness import postgres

pytestmark = [pytest.mark.serial, pytest.mark.postgresql]

OUTAGE = 20.0


@pytest.fixture
def machine() -> Iterator[postgres.Server]:
    with postgres.restartable_server() as server:
        yield server


def test_decisions_and_events_go_on_while_postgresql_is_away(machine: postgres.Server, tmp_path: Path) -> None:
    world = _world(machine, tmp_path)
    with world.serving() as server, Load(server.url, posters=6, deciders=2) as load:
        load.wait_for(100, decisions=100)
        machine.stop(at_once=True)
        stored, decided = len(load.acknowledged), len(load.decisions)
        time.sleep(OUTAGE)
        stored_meanwhile, decided_meanwhile = len(load.acknowledged) - stored, len(load.decisions) - decided
        machine.start()
        load.wait_for(100)
        load.stop()
        everything_is_there_once(world, load)

    assert stored_meanwhile > OUTAGE
    assert decided_meanwhile > OUTAGE
    assert {answer.status for answer in load.decisions} == {200}
    assert (load.refusals, load.broken) == ([], 0)


def _world(machine: postgres.Server, directory: Path) -> World:
    with psycopg.connect(f"{machine.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE arbiter")
    world = World(f"{machine.url}/arbiter", directory)
    prepare(world)
    return world
