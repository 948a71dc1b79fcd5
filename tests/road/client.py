"""A plain HTTP client for the road: one kept-alive connection a thread, JSON in and out."""

import http.client
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, url: str) -> None:
        self.url = url
        self._local = threading.local()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send JSON (or bytes as they are); header names with `_` for `-`."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **named} if content is not None else named
        try:
            return self._send(method, path, content, sent)
        except (http.client.HTTPException, OSError):
            self._local.connection.close()
            return self._send(method, path, content, sent)

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.send("POST", path, body, **headers)

    def _send(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> Reply:
        split = urlsplit(self.url)
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
        connection: http.client.HTTPConnection = self._local.connection
        connection.request(method, path, content, dict(headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def each(items: Iterable[str], ask: Callable[[str], T], *, threads: int = 8) -> dict[str, T]:
    """Ask for every item, a few at a time."""
    listed = list(items)
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(listed, pool.map(ask, listed), strict=True))
