"""How a connection is closed whose request another thread is still reading: each server has its own way to it.

Gunicorn names the socket. Granian names none, but takes an answer from anybody in the reading thread's stead; that
answer is padded to a length that changes each time, so that the connection it went out on can be told by how much the
kernel says was sent (Linux; elsewhere such a client gets its answer, and keeps its thread). To the byte, and with
hardly anything received meanwhile: who is answered again and again passes many lengths, but asks as often.
"""

import os
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow
from types import FrameType
from typing import Any

REASON = b'{"error":"the request did not arrive in time"}'
# A first flight of packets holds so much, whatever the way to the client.
SHORTEST, LONGEST = 7_000, 13_000
# As granian writes it, but for what is said of the length.
HEAD = len(
    "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: \r\nconnection: close\r\n"
    "server: granian\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"
)
# To a client of HTTP/1.0 that asked for it granian promises to keep the connection in the same breath.
EXTRAS = (0, len(", keep-alive"))
PAUSE = 0.01
PAUSES = 30
# What has not been answered again for so many pauses is waiting, however much it sends.
STILL = 10
# Of a hundred bytes sent at most one may have come meanwhile; the shortest requests take more for what they get.
HARDLY_ANYTHING = 100

DESCRIPTORS = Path("/proc/self/fd")
TCP_INFO_SIZE = 216
# Bytes received, and bytes sent with those among them that were sent again.
TRAFFIC = struct.Struct("=128xQ64xQQ")


@dataclass(slots=True)
class Waiting:
    """A thread that waits for the client of a WSGI environ since a moment of the monotonic clock."""

    environ: Mapping[str, Any]
    since: float
    is_hung_up: bool = False


def knows_socket(environ: Mapping[str, Any]) -> bool:
    """Whether the server names the connection of a request."""
    return "gunicorn.socket" in environ


def hang_up(threads: Mapping[int, Waiting]) -> None:
    """End these waits; each thread wakes up with what it has."""
    nameless: dict[int, Waiting] = {}
    for thread, waiting in threads.items():
        waiting.is_hung_up = True
        if knows_socket(waiting.environ):
            _shut(waiting.environ["gunicorn.socket"])
        else:
            nameless[thread] = waiting
    if nameless and DESCRIPTORS.is_dir():
        _answer_and_shut(nameless)


def _shut(raw: socket.socket) -> None:
    """Let whoever reads find the end."""
    with suppress(OSError):
        raw.shutdown(socket.SHUT_RD)


def _answer_and_shut(threads: Mapping[int, Waiting]) -> None:
    port = int(next(iter(threads.values())).environ["SERVER_PORT"])
    body = REASON.ljust(SHORTEST + randbelow(LONGEST - SHORTEST))
    whole = HEAD + len(str(len(body))) + len(body)
    before = {peer: (sent, received) for _, peer, sent, received in _connections(port)}
    still: Counter[Any] = Counter()
    left = sum(_answered_for(thread, body) for thread in threads)
    for _ in range(PAUSES):
        if left <= 0:
            break
        time.sleep(PAUSE)
        for raw, peer, sent, received in _connections(port):
            sent_before, received_before = before.get(peer, (0, 0))
            if sent - sent_before - whole not in EXTRAS:
                continue
            still[peer] += 1
            if received - received_before < whole // HARDLY_ANYTHING or still[peer] >= STILL:
                _shut(raw)
                before[peer] = sent, received
                left -= 1


def _answered_for(thread: int, body: bytes) -> bool:
    """Whether granian took an answer for the request that this thread reads."""
    protocol = _granians_protocol(sys._current_frames().get(thread))
    if protocol is None:
        return False
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
    protocol.response_bytes(408, headers, body)
    return True


def _granians_protocol(frame: FrameType | None) -> Any:
    """What granian takes answers through: a local of the frame in which it called the application."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "granian.wsgi":
            return frame.f_locals.get("proto")
        frame = frame.f_back
    return None


def _connections(port: int) -> Iterator[tuple[socket.socket, Any, int, int]]:
    """This process's connections on a port, open while the loop looks at them: socket, peer, bytes sent, received."""
    for entry in list(DESCRIPTORS.iterdir()):
        with suppress(OSError), _duplicate(int(entry.name)) as raw:
            if raw.family in (socket.AF_INET, socket.AF_INET6) and raw.getsockname()[1] == port:
                info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
                received, sent, again = TRAFFIC.unpack(info.ljust(TCP_INFO_SIZE, b"\0"))
                yield raw, raw.getpeername(), sent - again, received


def _duplicate(descriptor: int) -> socket.socket:
    """Another handle of a socket, for the caller to close. Raises OSError for what is none."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
