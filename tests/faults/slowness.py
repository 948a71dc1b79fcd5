"""A database that takes 200 ms for every statement."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.harness.holding import Hold

DELAY = 0.2


class Neighbour:
    """SQLite: somebody who holds the only write lock, `DELAY` at a time, once `begin` was called."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._hold = Hold(url)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._hold.hold()
            time.sleep(DELAY)
            self._hold.release()
            time.sleep(0.005)


class Proxy:
    """PostgreSQL: a way to the server on which every message takes `DELAY`, once `begin` was called."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._server = (split.hostname or "127.0.0.1", split.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        credentials = split.netloc.rpartition("@")[0]
        self.url = split._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()
        self._delay = 0.0
        self._start(self._accept)

    def begin(self) -> None:
        self._delay = DELAY

    def end(self) -> None:
        self._delay = 0.0
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._start(self._pass_on, client, server, True)
                self._start(self._pass_on, server, client, False)

    def _pass_on(self, source: socket.socket, target: socket.socket, slowly: bool) -> None:
        with suppress(OSError), source, target:
            while block := source.recv(65536):
                if slowly:
                    time.sleep(self._delay)
                target.sendall(block)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()


@contextmanager
def slow_way_to(url: str) -> Iterator[Neighbour | Proxy]:
    """Something with a `url` that is as quick as the database until `begin()`."""
    way = Neighbour(url) if url.startswith("sqlite") else Proxy(url)
    try:
        yield way
    finally:
        way.end()
