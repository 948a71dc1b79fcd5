"""Decisions over HTTP under both servers, against a bare JSON echo on the same server, measured in turn.

Servers share one core, the load has another: threads that fight for the interpreter across cores cost half as much
again, and how much depends on what else the machine does.
"""

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import load, processes, served, worlds
from tests.benchmarks.report import Row, at_least, at_most, told

ROUNDS = 5
SECONDS = 2.0
SERVERS = ("granian", "gunicorn")
HEADERS = {"X-Optimizely-SDK-Key": served.SDK_KEY}
OPERATIONS = 20


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    path: str
    bodies: Sequence[bytes]


def rows() -> list[Row]:
    cases = _cases()
    found: list[Row] = [told("load generator", 0, "", load.generator())]
    for server in SERVERS:
        found += _under(server, cases)
    return found


def _cases() -> list[Case]:
    people = worlds.people(2000)
    asked = [
        {"userId": user, "userAttributes": attributes, "decideOptions": ["DISABLE_DECISION_EVENT"]}
        for user, attributes in people
    ]
    bodies = [json.dumps(body).encode() for body in asked]
    batches = [
        json.dumps({"operations": [_operation(body) for body in asked[at : at + OPERATIONS]]}).encode()
        for at in range(0, len(asked), OPERATIONS)
    ]
    return [
        Case("1 flag", "/v1/decide?keys=flag_7", bodies),
        Case("50 flags", "/v1/decide", bodies),
        Case(f"batch of {OPERATIONS}", "/v1/batch", batches),
    ]


def _operation(body: Mapping[str, object]) -> dict[str, object]:
    return {
        "method": "POST",
        "url": "/v1/decide",
        "operationID": "1",
        "params": {"keys": "flag_7"},
        "headers": {**HEADERS, "Content-Type": "application/json"},
        "body": body,
    }


def _under(server: str, cases: Sequence[Case]) -> list[Row]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arbiter = stack.enter_context(served.arbiter(directory / "var", SERVER=server))
        echo = stack.enter_context(served.echo(server))
        stack.enter_context(processes.apart(arbiter.pid, echo.pid))
        floor: list[float] = []
        cost: dict[str, list[float]] = {case.name: [] for case in cases}
        rate: dict[str, list[load.Loaded]] = {case.name: [] for case in cases}
        for _ in range(ROUNDS):
            floor.append(_cpu_us(echo, "/", cases[0].bodies, []))
            for case in cases:
                cost[case.name].append(_cpu_us(arbiter, case.path, case.bodies, rate[case.name]))
        memory = [processes.memory_mb(pid) for pid in arbiter.workers()]
    return _table(server, floor, cost, rate, memory)


def _cpu_us(target: served.Served, path: str, bodies: Sequence[bytes], loads: list[load.Loaded]) -> float:
    before = target.cpu_seconds()
    loaded = load.post(target.url + path, bodies, headers=HEADERS, seconds=SECONDS)
    assert not loaded.failed, f"{loaded.failed} of {loaded.requests} requests to {path} failed"
    loads.append(loaded)
    return (target.cpu_seconds() - before) / loaded.requests * 1e6


def _table(
    server: str,
    floor: list[float],
    cost: Mapping[str, list[float]],
    rate: Mapping[str, list[load.Loaded]],
    memory: list[float],
) -> list[Row]:
    echo = statistics.median(floor)
    found = [told(f"{server}: bare JSON echo, CPU", echo, " µs")]
    for name, values in cost.items():
        cpu = statistics.median(values)
        loads = rate[name]
        remark = (
            f"{statistics.median(each.per_second for each in loads):,.0f} req/s, "
            f"p99 {statistics.median(each.p99 for each in loads):.1f} ms"
        )
        if server == "granian" and name in BARS:
            found.append(at_most(f"{server}: decide, {name}, CPU", cpu, BARS[name], " µs", remark))
        else:
            found.append(told(f"{server}: decide, {name}, CPU", cpu, " µs", remark))
        if server == "granian":
            reached, bar = AGENT[name]
            found.append(at_least(f"{server}: decide, {name}, times the Agent's", reached / cpu, bar))
        if server == "granian" and name == "1 flag":
            found.append(at_most(f"{server}: decide, 1 flag, times the echo", cpu / echo, 1.6, "×"))
    remark = "PSS, after the load, 50 flags"
    return [*found, at_most(f"{server}: memory of a worker", max(memory), MEMORY_BAR, " MB", remark)]


BARS = {"1 flag": 40.0, "50 flags": 110.0}
# What Optimizely Agent was measured to take of one core (µs a request), and how often it must fit into that.
AGENT = {"1 flag": (102.0, 3.0), "50 flags": (1198.0, 10.0), f"batch of {OPERATIONS}": (2154.0, 8.0)}
MEMORY_BAR = 80.0
