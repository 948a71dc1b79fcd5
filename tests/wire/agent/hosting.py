"""A host on the loopback that stands in for somebody else's service and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Host:
    """`answer` decides what is said; `asked` is everything that came, in order."""

    url: str
    answer: Callable[[Asked], Said]
    asked: list[Asked] = field(default_factory=list)

    def told(self, path: str, count: int) -> list[Any]:
        """The first `count` JSON bodies that came to a path, waited for when they are sent behind the answer."""
        deadline = time.monotonic() + 20
        while True:
            found = [json.loads(each.body) for each in self.asked if each.path == path]
            if len(found) >= count or time.monotonic() > deadline:
                return found[:count]
            time.sleep(0.02)


@contextmanager
def hosting(answer: Callable[[Asked], Said]) -> Iterator[Host]:
    host = Host("", answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, {name.title(): value for name, value in self.headers.items()}, body)
            host.asked.append(asked)
            said = host.answer(asked)
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = _reply

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
