"""What clients write goes with their request, however long it is and whether or not they have a key."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from tests.wire.agent.calling import Agent

LONG = 300_000
KEY = {"X-Optimizely-SDK-Key": "HOLDKEY1", "Content-Type": "application/json"}


def _batch(text: str) -> None:
    operation: dict[str, Any] = {
        "method": "POST",
        "url": f"/v1/activate?experimentKey={text[:4_000]}",
        "operationID": text,
        "params": {"experimentKey": text, "disableTracking": "true"},
        "headers": {"X-Optimizely-SDK-Key": text, text: text, "Content-Type": "application/json"},
        "body": {"userId": text},
    }
    reply = Agent().post("/v1/batch", {"operations": [operation, operation | {"headers": KEY}]})
    assert [each["status"] for each in reply.json()["response"]] == [400, 200]


def _decide(text: str) -> None:
    options = ["DISABLE_DECISION_EVENT"] * (len(text) // 20)
    assert Agent("HOLDKEY1").post("/v1/decide", {"userId": text, "decideOptions": options}).status == 200


@pytest.mark.parametrize("ask", [_batch, _decide])
def test_long_texts_are_forgotten_with_the_request(holdouts: Agent, ask: Callable[[str], None]) -> None:
    ask("-" * LONG)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(10):
            ask(f"-{number}" * (LONG // 2))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < LONG
