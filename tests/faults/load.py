"""Clients that store events and ask for decisions until they are stopped, and remember every answer."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.faults.world import SDK_KEY
from tests.harness.waiting import until

HEADERS = {"Content-Type": "application/json", "X-Optimizely-SDK-Key": SDK_KEY}
PAUSE_AFTER_TROUBLE = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    seconds: float
    retry_after: str | None


class Client:
    """One kept-alive connection. What was sent is never sent again."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._connection: http.client.HTTPConnection | None = None

    def track(self, user_id: str) -> Answer:
        return self._post("/v1/track?eventKey=purchase", {"userId": user_id})

    def decide(self, user_id: str) -> Answer:
        return self._post("/v1/decide", {"userId": user_id})

    def _post(self, path: str, body: object) -> Answer:
        """Raises OSError or HTTPException when there is no answer."""
        started = time.monotonic()
        try:
            self._connection = self._connection or http.client.HTTPConnection(self._netloc, timeout=30)
            self._connection.request("POST", path, json.dumps(body), HEADERS)
            answer = self._connection.getresponse()
            answer.read()
        except BaseException:
            self.close()
            raise
        return Answer(answer.status, time.monotonic() - started, answer.getheader("Retry-After"))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Load:
    """`posters` store events of people that never repeat, `deciders` ask for decisions, while the block runs."""

    def __init__(self, url: str, *, posters: int = 0, deciders: int = 0) -> None:
        self._url = url
        self._stopping = threading.Event()
        self.acknowledged: list[str] = []
        self.refusals: list[Answer] = []
        self.decisions: list[Answer] = []
        self.broken = 0
        self._threads = [
            *(threading.Thread(target=self._run, args=(self._post, f"poster-{number}")) for number in range(posters)),
            *(threading.Thread(target=self._run, args=(self._decide, f"asker-{number}")) for number in range(deciders)),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for(self, events: int, *, decisions: int = 0) -> None:
        """Return when so many more of both were answered."""
        stored, decided = len(self.acknowledged) + events, len(self.decisions) + decisions
        until(lambda: len(self.acknowledged) >= stored and len(self.decisions) >= decided, seconds=60)

    def stop(self) -> None:
        """Return when every answer is in."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, call: Callable[[Client, str], None], name: str) -> None:
        client = Client(self._url)
        for number in itertools.count():
            if self._stopping.is_set():
                break
            try:
                call(client, f"{name}-{number}")
            except (OSError, http.client.HTTPException):
                self.broken += 1
                time.sleep(PAUSE_AFTER_TROUBLE)
        client.close()

    def _post(self, client: Client, user_id: str) -> None:
        answer = client.track(user_id)
        if answer.status == 200:
            self.acknowledged.append(user_id)
        else:
            self.refusals.append(answer)
            time.sleep(PAUSE_AFTER_TROUBLE)

    def _decide(self, client: Client, user_id: str) -> None:
        self.decisions.append(client.decide(user_id))
