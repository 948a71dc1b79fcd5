"""Durable events over HTTP: acknowledged after the commit, one and a hundred per request, on both databases."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks import load, served
from tests.benchmarks.report import Row, at_least, at_most, told
from tests.harness import postgres

ROUNDS = 3
SECONDS = 2.0
AGENTS_TRACK_US = 64.0
BARS = {("postgresql", 100): 50_000.0}


def rows() -> list[Row]:
    found: list[Row] = []
    for database in ("sqlite", "postgresql"):
        with (
            _settings(database) as settings,
            tempfile.TemporaryDirectory() as directory,
            served.arbiter(Path(directory) / "var", flags=1, **settings) as server,
        ):
            found += [_track(server, database), *(_measured(server, database, size) for size in (1, 100))]
    return found


@contextmanager
def _settings(database: str) -> Iterator[Mapping[str, str]]:
    if database == "sqlite":
        yield {}
        return
    with postgres.private_server(*served.DURABLE) as url:
        yield {"DATABASE_URL": f"{url}/postgres", "WORKERS": "2"}


def _track(server: served.Served, database: str) -> Row:
    """Answered after the commit; an Agent, whose CPU the bar is made of, answers from memory."""
    url = f"{server.url}/v1/track?eventKey=purchase"
    headers = {"X-Optimizely-SDK-Key": served.SDK_KEY}
    cpu, rates = [], []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        loaded = load.post(url, [b'{"userId": "@@"}'], headers=headers, seconds=SECONDS)
        assert not loaded.failed, f"{loaded.failed} of {loaded.requests} events were refused"
        cpu.append((server.cpu_seconds() - before) / loaded.requests * 1e6)
        rates.append(loaded.per_second)
    return at_most(
        f"track, {database}, CPU", median(cpu), 1.5 * AGENTS_TRACK_US, " µs", f"{median(rates):,.0f} req/s, durable"
    )


def _measured(server: served.Served, database: str, size: int) -> Row:
    bodies = [_batch(size)]
    rates, cpu = [], []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        loaded = load.post(f"{server.url}/v1/events", bodies, headers={}, seconds=SECONDS)
        assert not loaded.failed, f"{loaded.failed} of {loaded.requests} batches were refused"
        rates.append(loaded.per_second * size)
        cpu.append((server.cpu_seconds() - before) / (loaded.requests * size) * 1e6)
    name = f"durable events, {database}, {size} per request"
    remark = f"{median(cpu):.1f} µs of server CPU an event"
    bar = BARS.get((database, size))
    return at_least(name, median(rates), bar, "/s", remark) if bar else told(name, median(rates), "/s", remark)


def _batch(size: int) -> bytes:
    """A batch as SDKs send it; `@@` becomes a new uuid in each request."""
    now = int(time.time() * 1000)
    visitors = [
        {
            "visitor_id": f"user-{number}",
            "attributes": [],
            "snapshots": [
                {
                    "decisions": [],
                    "events": [{"entity_id": "900", "key": "purchase", "timestamp": now, "uuid": "@@", "value": 2.5}],
                }
            ],
        }
        for number in range(size)
    ]
    batch = {"account_id": "1", "project_id": "2", "revision": "3", "client_name": "bench", "visitors": visitors}
    return json.dumps(batch | {"client_version": "1", "anonymize_ip": True, "enrich_decisions": True}).encode()
