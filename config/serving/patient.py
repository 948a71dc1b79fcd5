"""Gunicorn's threaded worker, made patient with slow clients: `worker_class = "config.serving.patient.Worker"`.

Its own would keep a thread waiting for a connection that says nothing, and for a request's head that never ends.
"""

import errno
import socket
import struct
import time
from functools import partial
from selectors import EVENT_READ
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from config import patience, renewal

SILENCE_AT_THE_END = 2.0
# A client that does not take its answer keeps a thread no longer than this for every piece of it.
SEND_SECONDS = struct.pack("ll", 20, 0)
PASSING = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class Worker(ThreadWorker):
    def init_process(self) -> None:
        """Serve, in a process that was forked just now."""
        renewal.begin()
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and give it a thread when it says something."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in PASSING:
                raise
            return
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, SEND_SECONDS)
        connection = TConn(self.cfg, client, address, listener.getsockname())
        connection.timeout = time.monotonic() + self.cfg.keepalive
        self.nr_conns += 1
        self.pending_conns.append(connection)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, connection))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully: whoever has said nothing yet must hurry."""
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, time.monotonic() + SILENCE_AT_THE_END)
        super().handle_exit(sig, frame)

    def handle(self, conn: TConn) -> Any:
        """Answer one request; until its head is there, the thread waits for its client."""
        patience.ensure_watching()
        patience.begin({"gunicorn.socket": conn.sock})
        try:
            return super().handle(conn)
        finally:
            patience.end()

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """The head is there: what comes now is the application's, and so is the patience."""
        try:
            patience.end()
        except patience.HungUp:
            return False
        return super().handle_request(req, conn)
