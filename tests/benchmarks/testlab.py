"""Test Lab's hot routes beside what the original was seen to do at its best (testlab contract, "Measurements").

One worker, as the original is one process. Its figures are constants here: nobody can run it beside us.
"""

import json
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.benchmarks import load, served
from tests.benchmarks.report import Row, at_least

ROUNDS = 2
SECONDS = 1.0
PEOPLE = 10_000
DATABASES = ("sqlite", "postgresql")

# Requests per second of the original, by connections.
CURRENT = 521.0
EVENTS = {8: 1893.0, 32: 3584.0}
USERS = {8: 2261.0, 32: 2741.0}
LIST_OF_USERS = 26.0


FILL = """
from datetime import UTC, datetime
from experiments.models import Variation
from users import assignments
arm = Variation.objects.get(pk={variant})
arms = {{f"user-{{number:06}}": arm.pk for number in range({people})}}
assignments.remember_many(experiment_id=arm.experiment_id, arms=arms, method="client", now=datetime.now(UTC))
"""


def rows() -> list[Row]:
    found: list[Row] = []
    for database in DATABASES:
        with (
            served.database(database) as settings,
            tempfile.TemporaryDirectory() as directory,
            served.demo(Path(directory) / "var", WORKERS="1", **settings) as server,
        ):
            variant = _variant(server)
            found += _current(server, database)
            served.manage(
                "shell", "-c", FILL.format(variant=variant, people=PEOPLE), var=Path(directory) / "var", **settings
            )
            found += _list_of_users(server, database)
            found += _writes(server, database, variant)
    return found


def _variant(server: served.Served) -> int:
    """The first variant of the demo's experiment."""
    with urllib.request.urlopen(f"{server.url}/api/feature/current") as answer:
        return int(json.load(answer)["experiments"][0]["variant_arr"][0]["id"])


def _current(server: served.Served, database: str) -> list[Row]:
    path = "/api/feature/current"
    known = {"If-None-Match": _etag(server, path)}
    return [
        _gets(server, path, f"{database}: current, 200, 8 connections", CURRENT, 20, connections=8),
        _gets(server, path, f"{database}: current, 304, 8 connections", CURRENT, 20, connections=8, headers=known),
        _gets(server, path, f"{database}: current, 200, 64 connections", CURRENT, 20, connections=64),
    ]


def _list_of_users(server: served.Served, database: str) -> list[Row]:
    path = "/api/users"
    packed = {"Accept-Encoding": "gzip"}
    known = {"If-None-Match": _etag(server, path)}
    name = f"{database}: {PEOPLE:,} users"
    return [
        _gets(server, path, f"{name}, 304", LIST_OF_USERS, 50, connections=8, headers=known),
        _gets(server, path, f"{name}, 200", LIST_OF_USERS, 10, connections=8),
        _gets(server, path, f"{name}, 200, gzip", LIST_OF_USERS, 10, connections=8, headers=packed),
    ]


def _writes(server: served.Served, database: str, variant: int) -> list[Row]:
    event = {"user_id": "user-000001", "variant_id": variant}
    user = {"id": "@@", "variant_id": variant, "ip_address": "192.0.2.1"}
    found = []
    for path, body, originals in (("/api/events", event, EVENTS), ("/api/users", user, USERS)):
        for connections, original in originals.items():
            name = f"{database}: POST {path}, {connections} connections"
            found.append(_posts(server, path, body, name, original, 1.5, connections=connections))
    return found


def _etag(server: served.Served, path: str) -> str:
    with urllib.request.urlopen(server.url + path) as answer:
        return str(answer.headers["ETag"])


def _gets(
    server: served.Served,
    path: str,
    name: str,
    original: float,
    bar: float,
    *,
    connections: int,
    headers: dict[str, str] | None = None,
) -> Row:
    return _compared(
        server,
        lambda: load.get(server.url + path, headers=headers, seconds=SECONDS, connections=connections),
        name,
        original,
        bar,
    )


def _posts(
    server: served.Served, path: str, body: object, name: str, original: float, bar: float, *, connections: int
) -> Row:
    bodies = [json.dumps(body).encode()]
    return _compared(
        server,
        lambda: load.post(server.url + path, bodies, headers={}, seconds=SECONDS, connections=connections),
        name,
        original,
        bar,
    )


def _compared(
    server: served.Served, generate: Callable[[], load.Loaded], name: str, original: float, bar: float
) -> Row:
    """Requests per second as a multiple of the original's."""
    loads, cpu = [], []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        loads.append(generate())
        cpu.append((server.cpu_seconds() - before) / loads[-1].requests * 1e6)
        assert not loads[-1].failed, f"{name}: {loads[-1].failed} of {loads[-1].requests} failed"
    rate = median(each.per_second for each in loads)
    remark = (
        f"{rate:,.0f}/s against {original:,.0f}/s; {median(cpu):,.0f} µs of CPU, "
        f"p99 {median(each.p99 for each in loads):.1f} ms"
    )
    return at_least(f"Test Lab, {name}", rate / original, bar, "×", remark)
