"""How a connection is closed whose request another thread is still reading: each server has its own way to it.

Gunicorn names the socket. Granian names none, but takes an answer from anybody in the reading thread's stead; that
answer is padded, so that the connection it went out on can be told by how much the kernel says was sent (Linux;
elsewhere such a client gets its answer, and keeps its thread).
"""

import os
import socket
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

REASON = b'{"error":"the request did not arrive in time"}'
PADDED = REASON.ljust(6007)
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(PADDED))), ("Connection", "close")]
MOST_HEADERS = 400
PAUSE = 0.01
PAUSES = 30

DESCRIPTORS = Path("/proc/self/fd")
TCP_INFO_SIZE = 208
BYTES_SENT = struct.Struct("=200xQ")


@dataclass(slots=True)
class Waiting:
    """A thread that waits for the client of a WSGI environ since a moment of the monotonic clock."""

    environ: Mapping[str, Any]
    since: float
    is_hung_up: bool = False


def hang_up(threads: Mapping[int, Waiting]) -> None:
    """End these waits; each thread wakes up with what it has."""
    nameless: dict[int, Waiting] = {}
    for thread, waiting in threads.items():
        waiting.is_hung_up = True
        if (raw := waiting.environ.get("gunicorn.socket")) is not None:
            _shut(raw)
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
    before = {peer: sent for _, peer, sent in _connections(port)}
    left = sum(_answered_for(thread) for thread in threads)
    for _ in range(PAUSES):
        if left <= 0:
            break
        time.sleep(PAUSE)
        for raw, peer, sent in _connections(port):
            if 0 <= sent - before.get(peer, 0) - len(PADDED) < MOST_HEADERS:
                _shut(raw)
                before[peer] = sent
                left -= 1


def _answered_for(thread: int) -> bool:
    """Whether granian took an answer for the request that this thread reads."""
    protocol = _granians_protocol(sys._current_frames().get(thread))
    if protocol is None:
        return False
    protocol.response_bytes(408, HEADERS, PADDED)
    return True


def _granians_protocol(frame: FrameType | None) -> Any:
    """What granian takes answers through: a local of the frame in which it called the application."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "granian.wsgi":
            return frame.f_locals.get("proto")
        frame = frame.f_back
    return None


def _connections(port: int) -> Iterator[tuple[socket.socket, Any, int]]:
    """This process's connections on a port, open while the loop looks at them: socket, peer, bytes sent so far."""
    for entry in list(DESCRIPTORS.iterdir()):
        with suppress(OSError), _duplicate(int(entry.name)) as raw:
            if raw.family in (socket.AF_INET, socket.AF_INET6) and raw.getsockname()[1] == port:
                info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
                yield raw, raw.getpeername(), BYTES_SENT.unpack(info)[0]


def _duplicate(descriptor: int) -> socket.socket:
    """Another handle of a socket, for the caller to close. Raises OSError for what is none."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
