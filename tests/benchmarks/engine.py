"""The engine without HTTP: against the official Python SDK, and how long a datafile takes to compile."""

import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from optimizely import optimizely
from optimizely.decision.optimizely_decide_option import OptimizelyDecideOption as Option

from decisions.engine import Engine, Subject, compile_project
from decisions.engine.datafile import load
from tests.benchmarks import worlds
from tests.benchmarks.report import Row, at_least, at_most, told

ROUNDS = 7
PEOPLE = worlds.people(200)
FLAG = "flag_7"

Decide = Callable[[str, dict[str, Any]], object]


def rows() -> list[Row]:
    """One flag and fifty flags against the SDK, in turn; and 2 000 flags compiled."""
    document = worlds.datafile(flags=50)
    engine = compile_project(load(document))
    sdk = optimizely.Optimizely(datafile=json.dumps(document))
    return [
        told("engine: decisions that differ from optimizely-sdk", _differences(engine, sdk), ""),
        *_compared("1 flag", _ours_one(engine), _sdks_one(sdk), bar=15),
        *_compared("50 flags", _ours_all(engine), _sdks_all(sdk), bar=40),
        _compile(2000),
    ]


def _ours_one(engine: Engine) -> Decide:
    return lambda user, attributes: engine.decide(FLAG, Subject(user, attributes))


def _ours_all(engine: Engine) -> Decide:
    return lambda user, attributes: engine.decide_all(Subject(user, attributes))


def _sdks_one(sdk: Any) -> Decide:
    return lambda user, attributes: sdk.create_user_context(user, attributes).decide(
        FLAG, [Option.DISABLE_DECISION_EVENT]
    )


def _sdks_all(sdk: Any) -> Decide:
    return lambda user, attributes: sdk.create_user_context(user, attributes).decide_all(
        [Option.DISABLE_DECISION_EVENT]
    )


def _differences(engine: Engine, sdk: Any) -> int:
    differences = 0
    for user, attributes in PEOPLE:
        theirs = sdk.create_user_context(user, attributes).decide_all([Option.DISABLE_DECISION_EVENT])
        for outcome in engine.decide_all(Subject(user, attributes)):
            other = theirs[outcome.flag_key]
            ours = (outcome.variation_key, outcome.enabled, outcome.rule_key, outcome.variables)
            differences += ours != (other.variation_key or "", other.enabled, other.rule_key or "", other.variables)
    return differences


def _compared(what: str, ours: Decide, theirs: Decide, *, bar: float) -> list[Row]:
    mine, sdks = [], []
    for _ in range(ROUNDS):
        mine.append(_cpu_per_call(ours, repeat=20))
        sdks.append(_cpu_per_call(theirs, repeat=1))
    ours_us, sdks_us = statistics.median(mine), statistics.median(sdks)
    remark = f"{ours_us:.2f} µs against {sdks_us:,.0f} µs of CPU a call, medians of {ROUNDS} rounds"
    return [at_least(f"engine, {what}, times faster than optimizely-sdk", sdks_us / ours_us, bar, remark=remark)]


def _cpu_per_call(decide: Decide, *, repeat: int) -> float:
    """Microseconds of CPU per call."""
    gc.collect()
    started = time.process_time()
    for _ in range(repeat):
        for user, attributes in PEOPLE:
            decide(user, attributes)
    return (time.process_time() - started) / (repeat * len(PEOPLE)) * 1e6


def _compile(flags: int) -> Row:
    document = worlds.datafile(flags=flags, audiences=500)
    took = []
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        compile_project(load(document))
        took.append((time.process_time() - started) * 1000)
    return at_most(f"engine, {flags} flags compiled", statistics.median(took), 1000, " ms")
