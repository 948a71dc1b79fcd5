"""PostgreSQL stopped, as if its machine had failed, and started again later."""

import contextlib
import http.client
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.judging import everything_is_there_once
from tests.faults.load import Load
from tests.faults.world import World, prepare, workers
from tests.harness import postgres
from tests.harness.waiting import until

pytestmark = [pytest.mark.alone, pytest.mark.postgresql]

OUTAGE = 20.0
SERVICE = "0de30000-0000-4000-8000-000000000001"


@pytest.fixture
def machine() -> Iterator[postgres.Server]:
    with postgres.restartable_server() as server:
        yield server


def test_decisions_and_events_go_on_while_postgresql_is_away(machine: postgres.Server, tmp_path: Path) -> None:
    world = _world(machine, tmp_path)
    with world.serving() as server, Load(server.url, posters=6, deciders=2) as load:
        load.wait_for(100, decisions=100)
        _upgrade(server.url, "init", {})
        before = _upgrade(server.url, "assign", {"context": "demo"})
        machine.stop(at_once=True)
        # Often enough that both workers are asked, of which one has not seen the learner.
        assert [_upgrade(server.url, "assign", {"context": "demo"}) for _ in range(8)] == [before] * 8
        marked = _mark(server.url, before[0])
        stored, decided = len(load.acknowledged), len(load.decisions)
        time.sleep(OUTAGE)
        stored_meanwhile, decided_meanwhile = len(load.acknowledged) - stored, len(load.decisions) - decided
        machine.start()
        load.wait_for(100)
        load.stop()
        everything_is_there_once(world, load)
        until(lambda: not any((world.var / "marks").iterdir()), seconds=30)
        assert _upgrade(server.url, "mark", {"data": marked})["id"] == marked["id"]

    assert stored_meanwhile > OUTAGE
    assert decided_meanwhile > OUTAGE
    assert {answer.status for answer in load.decisions} == {200}
    assert (load.refusals, load.broken) == ([], 0)


def test_every_worker_hears_of_publications_after_postgresql_was_restarted(
    machine: postgres.Server, tmp_path: Path
) -> None:
    world = _world(machine, tmp_path)
    with world.serving() as server:
        before = {_revision(server.url) for _ in range(12)}
        machine.stop(at_once=True)
        machine.start()
        _create_experiment(server.url)
        stored = world.number("SELECT revision FROM experiments_project WHERE key = 'demo'")
        until(lambda: {_revision(server.url) for _ in range(12)} == {stored}, seconds=10)

    assert max(before) < stored


def test_metrics_do_not_go_on_about_workers_that_died_while_it_was_away(
    machine: postgres.Server, tmp_path: Path
) -> None:
    world = _world(machine, tmp_path)
    with world.serving() as server:
        _revision(server.url)
        machine.stop(at_once=True)
        until(lambda: "arbiter_database_away 1.0" in _metrics(server.url))
        for worker in workers(server):
            os.kill(worker, signal.SIGKILL)
        machine.start()

        until(lambda: "arbiter_database_away 0.0" in _metrics(server.url))


def _metrics(url: str) -> str:
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
            return str(answer.read().decode())
    except (OSError, http.client.HTTPException):
        return ""


def _revision(url: str) -> int:
    with urllib.request.urlopen(f"{url}/datafiles/demo123.json", timeout=30) as answer:
        return int(json.load(answer)["revision"])


def _create_experiment(url: str) -> None:
    """Which publishes it. The first connections that meet a restarted database are those of before."""

    def is_done() -> bool:
        body = json.dumps({"name": "afterwards", "service_id": SERVICE, "active": False}).encode()
        route = f"{url}/api/v1/services/{SERVICE}/experiments"
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(
                urllib.request.Request(route, body, {"Content-Type": "application/json"}), timeout=30
            )
            return True
        return False

    until(is_done)


def _world(machine: postgres.Server, directory: Path) -> World:
    with psycopg.connect(f"{machine.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE arbiter")
    world = World(f"{machine.url}/arbiter", directory)
    prepare(world)
    return world


def _upgrade(url: str, route: str, body: Any) -> Any:
    headers = {"User-Id": "learner", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v6/{route}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _mark(url: str, item: Any) -> Any:
    """Mark an item of `assign`, as the JavaScript client does; answers what it sent, with the mark's id."""
    data = {**item, "assignedCondition": item["assignedCondition"][0]}
    return {**data, "id": _upgrade(url, "mark", {"data": data, "status": "condition applied"})["id"]}
