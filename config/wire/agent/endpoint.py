"""The order in which a request is examined; the first failure answers (agent contract §1.1).

host · capacity · request id · CORS · SDK key · verb · token · content type · size · the route's own work. A batch's
operations enter behind the first two. What ends with `/health` is answered before all of it.
"""

import itertools
import logging
import os
import secrets
import uuid
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from config.wire.agent import answers, capacity, cors, hosts, keys, tokens
from config.wire.agent.answers import Refused
from config.wire.health import health
from config.wire.live import live
from config.wire.message import Answer, Handler, Request
from decisions.compile import Snapshot
from experiments.errors import DomainError, Unavailable

logger = logging.getLogger(__name__)

Work = Callable[[Request, Snapshot], Answer]
FULL = answers.text(429, "Server capacity exceeded.")
# The last two are what a database that is away raises.
REFUSALS = (Refused, DomainError, OperationalError, InterfaceError)
BAD_HOST = answers.error(404, "invalid request host")


class Endpoint:
    """A handler: `work` behind every check of the dialect. `verb` is the one it serves, "" when there is no such route.

    `routed` is what lies behind the host check, where batches come in.
    """

    def __init__(self, verb: str, work: Work) -> None:
        self.verb = verb
        self.work = work
        self.__name__ = work.__name__
        self.__doc__ = work.__doc__

    def __call__(self, request: Request) -> Answer:
        if not hosts.is_allowed(request):
            return BAD_HOST
        if not live.AGENT_MAX_CONNS:
            return self.routed(request)
        with capacity.taken(request.header(keys.HEADER), live.AGENT_MAX_CONNS) as is_free:
            return self.routed(request) if is_free else FULL

    def routed(self, request: Request) -> Answer:
        request_id = ("X-Request-Id", request.sent.get("HTTP_X_REQUEST_ID") or fresh_id())
        if request.method == "OPTIONS" and cors.is_preflight(request):
            return _with(cors.preflight(request), (request_id,))
        admitted = self.admit(request)
        answer = admitted if isinstance(admitted, Answer) else self.answer(request, admitted)
        return _with(answer, (*cors.of_answer(request), request_id))

    def admit(self, request: Request) -> Snapshot | Answer:
        """The project of the request, or its refusal; decided by method, headers and whether there is a body."""
        try:
            snapshot = keys.snapshot_of(request)
        except REFUSALS as refusal:
            return _said(refusal)
        if not self.verb:
            return answers.NOT_FOUND
        if request.method != self.verb:
            return Answer(405, b"", "", (("Allow", self.verb),))
        unauthorized = tokens.refuse(request)
        if unauthorized is not None:
            return unauthorized
        has_body = request.body or request.oversized
        if has_body and self.verb == "POST" and not _is_json(request.sent.get("CONTENT_TYPE") or ""):
            return Answer(415, b"", "")
        return answers.TOO_LARGE if request.oversized else snapshot

    def answer(self, request: Request, snapshot: Snapshot) -> Answer:
        """The route's own work on a request that was admitted."""
        try:
            return self.work(request, snapshot)
        except REFUSALS as refusal:
            return _said(refusal)


class _Ids:
    """UUIDs of one process: a random beginning, then a count. They name requests and guard nothing."""

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self._begin = str(uuid.uuid4())[:24]
        self._count = itertools.count(secrets.randbits(47))

    def fresh(self) -> str:
        return f"{self._begin}{next(self._count):012x}"


fresh_id = _Ids().fresh


def get(work: Work) -> Endpoint:
    return Endpoint("GET", work)


def post(work: Work) -> Endpoint:
    return Endpoint("POST", work)


def _no_such_route(request: Request, snapshot: Snapshot) -> Answer:
    """Nothing is served here."""
    raise Refused(404, "unreachable")


nowhere = Endpoint("", _no_such_route)


def elsewhere(request: Request) -> Answer:
    """What no route of the dialect serves: under `/v1` the SDK key comes first."""
    return nowhere(request) if f"{request.path}/".startswith("/v1/") else answers.NOT_FOUND


def healthy(request: Request) -> Answer:
    """That this process answers, said before the host is looked at; other verbs find nothing there."""
    return health(request) if request.method == "GET" else elsewhere(request)


class Keyless:
    """A handler outside the SDK-key checks; other verbs find nothing there. `routed` as of an `Endpoint`."""

    def __init__(self, verb: str, work: Handler) -> None:
        self.verb = verb
        self.work = work
        self.__name__ = getattr(work, "__name__", "answer").lstrip("_")
        self.__doc__ = work.__doc__

    def __call__(self, request: Request) -> Answer:
        return self.routed(request) if hosts.is_allowed(request) else BAD_HOST

    def routed(self, request: Request) -> Answer:
        return _answer(request, self.work) if request.method == self.verb else answers.NOT_FOUND


def keyless(verb: str, work: Handler) -> Keyless:
    return Keyless(verb, work)


def posted_only(work: Handler) -> Handler:
    """The same for a path where other verbs are told what is served."""

    def handler(request: Request) -> Answer:
        if not hosts.is_allowed(request):
            return BAD_HOST
        return _answer(request, work) if request.method == "POST" else Answer(405, b"", "", (("Allow", "POST"),))

    return _named(handler, work)


def open_to_browsers(verb: str, work: Handler) -> Handler:
    """A keyless handler that pages of every origin may use: what SDKs download and where they post."""

    def handler(request: Request) -> Answer:
        if request.method == "OPTIONS":
            return cors.open_preflight(request)
        if request.method != verb and (verb, request.method) != ("GET", "HEAD"):
            return Answer(405, b"", "", (("Allow", verb),))
        answer = _answer(request, work)
        return _with(answer, cors.OPEN)

    return _named(handler, work)


def _answer(request: Request, work: Handler) -> Answer:
    if request.oversized:
        return answers.TOO_LARGE
    try:
        return work(request)
    except REFUSALS as refusal:
        return _said(refusal)


def _said(refusal: Exception) -> Answer:
    if isinstance(refusal, Refused):
        return answers.error(refusal.status, str(refusal))
    if isinstance(refusal, DomainError):
        return answers.of_domain(refusal)
    logger.warning("The database is away", exc_info=refusal)
    return answers.of_domain(Unavailable("The database is away"))


def _named(handler: Handler, work: Handler) -> Handler:
    handler.__name__ = getattr(work, "__name__", "answer").lstrip("_")
    handler.__doc__ = work.__doc__
    return handler


def _with(answer: Answer, headers: cors.Headers) -> Answer:
    return Answer(answer.status, answer.body, answer.content_type, answer.headers + headers, answer.stream)


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or content_type.partition(";")[0].strip().lower() == "application/json"
