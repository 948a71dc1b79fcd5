"""The way from a client to the streams process: it answers on a socket of its own, and clients know one port.

A relayed stream keeps one thread of its worker, so there is a limit to them; none of those that answer other requests
is taken (`config.serving.servers` starts so many more).
"""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db import connection

from config.wire.agent import answers
from config.wire.live import live
from config.wire.message import Answer, Request, parsed_query
from events.notices import places

FULL = answers.text(429, "Server capacity exceeded.")
NOT_RUNNING = Answer(503, b'{"error":"the streams process does not answer"}\n', headers=(("Retry-After", "5"),))
# Only an operation of a batch can have such a header: none came over the wire.
UNSENDABLE = answers.error(400, "a header cannot be sent")
PASSED_ON = (
    *("host", "x-forwarded-host", "forwarded", "x-request-id", "x-optimizely-sdk-key"),
    *("auth", "jwt", "authorization"),
)
OWN_HEADERS = (("Cache-Control", "no-cache"), ("Connection", "keep-alive"), ("X-Accel-Buffering", "no"))
PIECE = 65_536
# The streams process says something far more often than that.
SILENCE_SECONDS = 90.0
PATIENCE_SECONDS = 10.0

_lock = threading.Lock()
_open = 0


class Relay:
    """A stream on its way to one client, as a body."""

    def __init__(self, line: http.client.HTTPConnection, reply: http.client.HTTPResponse) -> None:
        self._line = line
        self._reply = reply
        self._is_open = True
        self._is_new = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_new:
            self._is_new = False
            return b""  # some servers send the headers with the first piece only
        try:
            piece = self._reply.read1(PIECE)
        except (OSError, http.client.HTTPException):
            piece = b""
        if not piece:
            raise StopIteration
        return piece

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._reply.close()
            self._line.close()
            _leave()


class Line(http.client.HTTPConnection):
    """HTTP over the socket of the streams process."""

    def connect(self) -> None:
        """Wait for a process that is only just starting, then give up. Raises OSError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(SILENCE_SECONDS)
            try:
                return self.sock.connect(str(places.streams()))
            except (FileNotFoundError, ConnectionRefusedError):
                self.sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def relayed(request: Request) -> Answer:
    """What the streams process answers to this request, as it comes."""
    if not _enter():
        return FULL
    line = Line("localhost")
    try:
        headers = {name: value for name in PASSED_ON if (value := request.header(name))}
        # Read and written anew: a client need not have escaped it, and a batch's has never been on the wire.
        line.request("GET", f"{request.path}?{urlencode(parsed_query(request.query))}", headers=headers)
        reply = line.getresponse()
    except (OSError, ValueError, http.client.HTTPException) as fault:
        line.close()
        _leave()
        return UNSENDABLE if isinstance(fault, ValueError) else NOT_RUNNING
    relay = Relay(line, reply)
    if reply.status != 200:
        body = reply.read()
        relay.close()
        return Answer(reply.status, body, reply.headers.get("Content-Type", ""))
    if not connection.in_atomic_block:
        connection.close()  # it would stand idle for as long as somebody listens
    return Answer(200, b"", "text/event-stream", OWN_HEADERS, relay)


def _enter() -> bool:
    global _open
    with _lock:
        is_free = _open < live.AGENT_STREAMS
        _open += is_free
        return is_free


def _leave() -> None:
    global _open
    with _lock:
        _open -= 1
