"""UpGrade's `assign` with fifty experiments beside what the original was seen to do (upgrade contract §9)."""

import json
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks import load, served
from tests.benchmarks.report import Row, at_least, at_most

ROUNDS = 3
SECONDS = 1.0
CONNECTIONS = 16
EXPERIMENTS = 50
POINTS = 2
PEOPLE = 500
# Requests per second of the original with as many experiments and connections, its cache off and on.
ORIGINAL = {"slowest": 18.0, "fastest": 60.0}
FILL = """
from datetime import UTC, datetime
from django.db import transaction
from decisions import lifecycle
from experiments.models import Experiment
from tests import builders
from users import people
from users.people import Change
now = datetime.now(UTC)
with transaction.atomic():
    project = builders.project(key="bench")
    for number in range({experiments}):
        points = [(f"site {{number}}", f"target {{point}}") for point in range({points})]
        made = builders.experiment(project=project, key=f"experiment {{number}}", points=points, bucketing="seedrandom")
        Experiment.objects.filter(pk=made.pk).update(status="running")
    lifecycle.publish(project=project, now=now)
    for number in range({people}):
        people.register(user_id=f"user {{number}}", change=Change(False, {{}}, False, {{}}), now=now)
"""


def rows() -> list[Row]:
    found: list[Row] = []
    for database in ("sqlite", "postgresql"):
        with (
            served.database(database) as settings,
            tempfile.TemporaryDirectory() as directory,
            served.demo(Path(directory) / "var", WORKERS="1", **settings) as server,
        ):
            code = FILL.format(experiments=EXPERIMENTS, points=POINTS, people=PEOPLE)
            served.manage("shell", "-c", code, var=Path(directory) / "var", **settings)
            found += _measured(server, database)
    return found


def _measured(server: served.Served, database: str) -> list[Row]:
    asked = [{"userId": f"user {number}", "context": "bench"} for number in range(PEOPLE)]
    for each in asked:  # draws for everybody once
        assert len(served.posted(server, "/api/v5/assign", each)) == EXPERIMENTS * POINTS
    bodies = [json.dumps(each).encode() for each in asked]
    loads, cpu = [], []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        url = f"{server.url}/api/v5/assign"
        loads.append(load.post(url, bodies, headers={}, seconds=SECONDS, connections=CONNECTIONS))
        assert not loads[-1].failed, f"{loads[-1].failed} of {loads[-1].requests} failed"
        cpu.append((server.cpu_seconds() - before) / loads[-1].requests * 1e6)
    rate = median(each.per_second for each in loads)
    name = f"UpGrade, {database}: assign, {EXPERIMENTS} experiments, {EXPERIMENTS * POINTS} points"
    said = f"{rate:,.0f}/s; {median(cpu):,.0f} µs of CPU"
    return [
        at_most(f"{name}, p99", median(each.p99 for each in loads), 50, " ms", f"{CONNECTIONS} connections"),
        *(at_least(f"{name}, the original's {how}", rate / its, 20, "×", said) for how, its in ORIGINAL.items()),
    ]
