"""The queue to somebody else's host: one batch that cannot be told keeps nothing else back."""

import threading
from collections.abc import Sequence
from typing import Any

from events.outbox import Outbox


def test_batch_that_cannot_be_told_is_dropped_and_the_next_arrives() -> None:
    told: list[Any] = []
    has_arrived = threading.Event()

    def deliver(address: object, batch: Sequence[Any]) -> bool:
        if None in batch:
            raise TypeError("no JSON")
        told.extend(batch)
        has_arrived.set()
        return True

    outbox = Outbox("somebody", deliver, batch_size=1, flush_seconds=3600.0, queue_size=10)
    for item in (None, "next"):
        outbox.offer("address", item)

    assert has_arrived.wait(10)
    assert told == ["next"]
