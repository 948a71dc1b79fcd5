"""The Experiment API's heavy requests: ten thousand allocations in one, and reading a million samples."""

import json
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.benchmarks import served
from tests.benchmarks.report import Row, at_most

ROUNDS = 5
ENTITIES = 10_000
SAMPLES = 1_000_000
SERVICE = "0de30000-0000-4000-8000-000000000001"
EXPERIMENT = "Hint style"
FILL = """
from django.db import connection
from experiments.models import Experiment
made = Experiment.objects.get(key="hint_style")
first, second = made.variations.order_by("position").values_list("key", flat=True)
columns = "uid, experiment_id, entity, value, bucket, complete, created_at, updated_at"
picked = (
    f"{{made.pk}}, 'entity ' || n, 'value', CASE n % 2 WHEN 0 THEN '{{first}}' ELSE '{{second}}' END, n % 3 = 0, "
    "'2026-01-01 00:00:00', '2026-01-01 00:00:00'"
)
lite = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {samples}) "
    f"INSERT INTO sampling_sample ({{columns}}) SELECT printf('%032x', n), {{picked}} FROM numbers"
)
big = (
    f"INSERT INTO sampling_sample ({{columns}}) SELECT lpad(to_hex(n), 32, '0')::uuid, "
    + picked.replace("00:00:00'", "00:00:00'::timestamptz") + " FROM generate_series(1, {samples}) numbers(n)"
)
with connection.cursor() as cursor:
    cursor.execute(big if connection.vendor == "postgresql" else lite)
    cursor.execute("ANALYZE sampling_sample")
"""


def rows() -> list[Row]:
    found: list[Row] = []
    for database in ("sqlite", "postgresql"):
        with (
            served.database(database) as settings,
            tempfile.TemporaryDirectory() as directory,
            served.demo(Path(directory) / "var", WORKERS="1", **settings) as server,
        ):
            path = f"/api/v1/experiments/{_experiment(server)}"
            found.append(_batch(server, path, database))
            served.manage("shell", "-c", FILL.format(samples=SAMPLES), var=Path(directory) / "var", **settings)
            found += _reads(server, path, database)
    return found


def _experiment(server: served.Served) -> str:
    with urllib.request.urlopen(f"{server.url}/api/v1/services/{SERVICE}/experiments") as answer:
        return next(str(row["id"]) for row in json.load(answer) if row["name"] == EXPERIMENT)


def _batch(server: served.Served, path: str, database: str) -> Row:
    took, cpu = [], []
    for number in range(3):
        entities = [{"sampled_entity": f"round {number}, {at}", "sampled_value": "value"} for at in range(ENTITIES)]
        before, started = server.cpu_seconds(), time.perf_counter()
        answered = served.posted(server, f"{path}/allocate/batch", {"entities": entities})
        took.append(time.perf_counter() - started)
        cpu.append(server.cpu_seconds() - before)
        assert len(answered["allocations"]) == ENTITIES
    remark = f"{median(cpu):.2f} s of CPU"
    return at_most(f"Experiment API, {database}: {ENTITIES:,} allocations at once", median(took), 1.0, " s", remark)


def _reads(server: served.Served, path: str, database: str) -> list[Row]:
    name = f"Experiment API, {database}: of {SAMPLES:,} samples"
    page = _milliseconds(lambda: _read(f"{server.url}{path}/samples?limit=50"))
    stats = _milliseconds(lambda: _read(f"{server.url}{path}/samples/stats"))
    return [at_most(f"{name} the first page", page, 20, " ms"), at_most(f"{name} the stats", stats, 300, " ms")]


def _read(url: str) -> None:
    with urllib.request.urlopen(url) as answer:
        answer.read()


def _milliseconds(work: Callable[[], None]) -> float:
    """The median of some calls, after one that warms up."""
    took = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return median(took[1:])
