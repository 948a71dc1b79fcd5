"""The fast lane: hot routes are answered here, before Django, by the handlers that the viewsets call (design §3).

Everything else goes to Django, untouched. What must hold on both doors for every request (counting, the sampled access
log, the last line of defence) is here; what a dialect promises (auth, CORS, request ids) is in its grammar.
"""

import http.client
import io
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import close_old_connections, connection

from config import agent_timers, hangups, hosts, metrics, patience, renewal
from config.wire.live import live
from config.wire.message import BROKEN, Answer, Handler, Request, content_length, from_environ
from decisions import snapshots

logger = logging.getLogger("arbiter.lane")
access = logging.getLogger("arbiter.access")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

STATUS_LINES = {code: f"{code} {phrase}" for code, phrase in http.client.responses.items()}
TOO_LATE = Answer(408, hangups.REASON, "application/json")
CLOSE = ("Connection", "close")
NO_CONTENT = (204, 304)
OTHER = "other"
REFRESH_SECONDS = 0.25

_local = threading.local()


class Lane:
    """The WSGI callable that servers run: `hot` maps (method, path) to a handler, `django` answers the rest."""

    def __init__(self, django: WsgiApplication, hot: Mapping[tuple[str, str], Handler]) -> None:
        self.django = django
        self.hot = dict(hot)
        self.is_awake = False
        os.register_at_fork(after_in_child=self._sleep)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        if not self.is_awake:
            self._wake()
        try:
            return self._answered(environ, start_response, started)
        except patience.HungUp:
            _note(environ, OTHER, TOO_LATE.status, started)
            return _start(TOO_LATE, start_response)

    def _answered(self, environ: Environ, start_response: StartResponse, started: float) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD" and not hangups.knows_socket(environ):
            # Nobody asks for its body, and no answer to it is long enough to tell who waits for one.
            environ["CONTENT_LENGTH"] = "0"
        elif "HTTP_TRANSFER_ENCODING" in environ:
            _gather_chunks(environ)
        handler = self.hot.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")))
        if handler is None or not _is_for_us(environ):
            return self._cold(environ, start_response, started)
        _refresh_connections(started)
        answer = _answer(handler, from_environ(environ))
        _note(environ, environ["PATH_INFO"], answer.status, started)
        return _start(answer, start_response)

    def _wake(self) -> None:
        """Start what runs beside the requests of a process: at its first one, so never before a fork."""
        snapshots.ensure_following()
        metrics.ensure_handing_over()
        patience.ensure_watching()
        renewal.ensure_watching()
        self.is_awake = not live.INLINE_SNAPSHOTS

    def _sleep(self) -> None:
        self.is_awake = False

    def _cold(self, environ: Environ, start_response: StartResponse, started: float) -> Iterable[bytes]:
        seen: list[int] = []
        _gather_body(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen.append(int(status[:3]))
            headers = [*headers, CLOSE] if renewal.is_leaving() else headers
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        body = self.django(environ, start)
        route = environ.get("PATH_INFO", "/")
        _note(environ, route if route in agent_timers.ROUTES else OTHER, seen[0] if seen else 500, started)
        return body


def _is_for_us(environ: Environ) -> bool:
    """Whether the host is one we answer for. What becomes of others is Django's to say, or the dialect's."""
    allowed = live.ALLOWED_HOSTS
    return "*" in allowed or hosts.is_ours(environ.get("HTTP_HOST", ""), tuple(allowed))


def _answer(handler: Handler, request: Request) -> Answer:
    """Call a handler; no exception gets past it, and a connection that failed is not used again."""
    try:
        return handler(request)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        close_old_connections()
        return BROKEN


def _refresh_connections(now: float) -> None:
    """Let go of this thread's stale database connections, as Django does between requests; a few times a second."""
    if now - getattr(_local, "refreshed", 0.0) > REFRESH_SECONDS:
        _local.refreshed = now
        if not connection.in_atomic_block:
            close_old_connections()


def _start(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    headers = list(answer.headers)
    if answer.status not in NO_CONTENT:
        headers.append(("Content-Length", str(len(answer.body))))
    if answer.content_type:
        headers.append(("Content-Type", answer.content_type))
    if renewal.is_leaving():
        headers.append(CLOSE)
    start_response(STATUS_LINES.get(answer.status, f"{answer.status} Status"), headers)
    return [answer.body]


def _gather_chunks(environ: Environ) -> None:
    """Give a chunked body an announced length, so that both doors see it. One byte too many is enough to refuse."""
    if content_length(environ) or not environ.get("wsgi.input_terminated", True):
        return
    body = patience.PatientInput(environ).read(live.MAX_BODY_BYTES + 1)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _gather_body(environ: Environ) -> None:
    """Have the body here before Django asks for it, which knows no patience; a large one is read as Django goes."""
    length = content_length(environ)
    if length > live.MAX_BODY_BYTES:
        environ["wsgi.input"] = patience.PatientInput(environ)
    elif length:
        environ["wsgi.input"] = io.BytesIO(patience.whole(environ, length))


def _note(environ: Environ, route: str, status: int, started: float) -> None:
    duration = time.perf_counter() - started
    metrics.observe(route, status, duration)
    if live.ACCESS_LOG_SHARE and random.random() < live.ACCESS_LOG_SHARE:
        path = environ.get("PATH_INFO", "/").encode("unicode_escape").decode()  # nobody writes a line of their own
        access.info("%s %s %d %.1fms", environ["REQUEST_METHOD"], path, status, duration * 1000)
