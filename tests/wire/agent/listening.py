"""A listener as the streams process has them, in a thread of the test: what it hears came through the real socket."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from events.notices import gate, hub, places
from events.notices.arriving import Exchange
from events.notices.gate import Gate


class Heard:
    """`notices` are `(kind, document)` in the order they came."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, Any]] = []
        self.texts: list[str] = []

    def wait_for(self, count: int) -> list[Any]:
        """The first `count` documents, waited for."""
        deadline = time.monotonic() + 10
        while len(self.notices) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return [document for _, document in self.notices[:count]]


@contextmanager
def listening(sdk_key: str, kinds: frozenset[str] = hub.KINDS) -> Iterator[Heard]:
    heard, ready, stop = Heard(), threading.Event(), threading.Event()

    async def listen() -> None:
        exchange = Exchange(Gate(places.gate()), "")
        async with exchange.open():
            with exchange.hub.listening(sdk_key, kinds) as listener:
                ready.set()
                while not stop.is_set():
                    notice = await listener.next(seconds=0.02)
                    if notice is not None:
                        heard.notices.append((notice.kind, json.loads(notice.body)))
                        heard.texts.append(notice.body.decode())

    thread = threading.Thread(target=lambda: asyncio.run(listen()))
    thread.start()
    assert ready.wait(10)
    gate.forget()
    try:
        yield heard
    finally:
        stop.set()
        thread.join()
