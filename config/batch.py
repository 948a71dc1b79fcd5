"""`POST /v1/batch`: several requests in one (agent contract §1.6). It calls the dialect's handlers in process.

Operations run in the order given and see the routes only: no host check, no nested batch, no `/health`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from config.wire import agent
from config.wire.agent import AgentDoor, Endpoint, Keyless, Refused, described
from config.wire.live import live
from config.wire.message import Answer, Handler, Request, sent_as
from decisions.compile import Snapshot
from decisions.engine import gojson

UNDECODABLE = Answer(400, b'{"error": "cannot decode the operation body"}\n')
SOMETHING = b"null"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
LONGEST_URL = 8_190
NEVER = "0001-01-01T00:00:00Z"
METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20\x7f]")

Scalar = str | int | float | bool | None


class Operation(msgspec.Struct):
    """One request. `parameters` is what the document calls `params`; an integer id is the document's own example."""

    method: str | None = None
    url: str | None = None
    operationID: str | int | None = None
    body: dict[str, Any] | None = None
    params: dict[str, str | None] | None = None
    parameters: dict[str, Scalar | list[Scalar]] | None = None
    headers: dict[str, str | None] | None = None


class BatchBody(msgspec.Struct):
    operations: list[Operation | None] | None = None


def over(routes: Mapping[str, Handler], nowhere: Endpoint) -> Handler:
    """The batch handler over these paths; `nowhere` answers the others under `/v1`."""

    def batch(request: Request) -> Answer:
        """Run every operation and answer 200 with an item for each; `errorCount` counts those that are not 200."""
        try:
            asked = agent.read(request, BatchBody) if request.body else None
        except Refused:
            asked = None
        if asked is None:
            return UNDECODABLE
        operations = [each or Operation() for each in asked.operations or ()]
        if len(operations) > live.AGENT_BATCH_LIMIT:
            said = f'{{"error": "too many operations, exceeding {live.AGENT_BATCH_LIMIT} operations"}}\n'
            return Answer(422, said.encode())
        return _run(operations, routes, nowhere)

    def post_only(request: Request) -> Answer:
        return agent.keyless("POST", batch)(request) if request.method == "POST" else agent.elsewhere(request)

    post_only.__name__, post_only.__doc__ = "batch", batch.__doc__
    return post_only


def door(handler: Handler) -> type[AgentDoor]:
    """The viewset of a batch handler."""
    return type("Batch", (AgentDoor,), {"batch": described(handler, takes=BatchBody, keyed=False)})


def _run(operations: list[Operation], routes: Mapping[str, Handler], nowhere: Endpoint) -> Answer:
    started = now = _stamp()
    gate = Gate(routes, nowhere)
    items = []
    errors = 0
    for operation in operations:
        status, item, now = _item(operation, gate, now)
        errors += status != 200
        items.append(item)
    ended = now if items else NEVER
    head = f'{{"startedAt":"{started}","endedAt":"{ended}","errorCount":{errors},"response":['
    return agent.ok(head.encode() + b",".join(items) + b"]}")


def _item(operation: Operation, gate: "Gate", started: str) -> tuple[int, bytes, str]:
    """The status of one operation, its rendered item, and when it ended."""
    request = _request_of(operation, gate)
    if request is None:
        return 400, _rendered(operation, gate, 400, b'""', b"null", started, NEVER), _stamp()
    answer = gate.answer(request)
    if answer.stream is not None:
        answer.stream.close()  # no item of a batch can hold what never ends
    ended = _stamp()
    if not answer.body or not answer.content_type.startswith("application/json"):
        return answer.status, _rendered(operation, gate, answer.status, b'""', b"null", started, ended), ended
    given = request.sent.get("HTTP_X_REQUEST_ID")
    request_id = gojson.dumps(given) if given else b'"%b"' % agent.fresh_id().encode()
    return answer.status, _rendered(operation, gate, answer.status, request_id, answer.body[:-1], started, ended), ended


class Gate:
    """The way of one batch's operations to the routes; alike ones are read and admitted once.

    What is remembered here goes with the batch: its texts are as long as clients like.
    """

    def __init__(self, routes: Mapping[str, Handler], nowhere: Endpoint) -> None:
        self._routes = routes
        self._nowhere = nowhere
        self.target = cache(_target)
        self.encoded = cache(_encoded)
        self.as_sent = cache(_as_sent)
        self.named = cache(_named)
        # The headers are kept with the verdict, so that their identity stays theirs.
        self._admitted: dict[tuple[str, str, int], tuple[Mapping[str, str], Snapshot | Answer]] = {}

    def answer(self, request: Request) -> Answer:
        handler = self._routes.get(request.path)
        if isinstance(handler, Endpoint):
            if request.method == "OPTIONS":
                return handler.routed(request)
            admitted = self._admit(handler, request)
            return admitted if isinstance(admitted, Answer) else handler.answer(request, admitted)
        if isinstance(handler, Keyless):
            return handler.routed(request)
        return self._nowhere.routed(request) if f"{request.path}/".startswith("/v1/") else agent.NOT_FOUND

    def _admit(self, handler: Endpoint, request: Request) -> Snapshot | Answer:
        key = (request.path, request.method, id(request.sent))
        known = self._admitted.get(key)
        if known is None:
            known = self._admitted[key] = request.sent, handler.admit(request)
        return known[1]


def _request_of(operation: Operation, gate: Gate) -> Request | None:
    """The operation as a request, None when method or URL cannot be read."""
    target = gate.target(operation.method or "GET", operation.url or "")
    if target is None:
        return None
    path, query = target
    if operation.parameters:
        query = "&".join(filter(None, [query, gate.encoded(tuple(_parameters(operation)))]))
    elif operation.params:
        given = gate.encoded(tuple(operation.params.items()))
        query = f"{query}&{given}" if query else given
    headers = gate.as_sent(tuple(operation.headers.items())) if operation.headers else NO_HEADERS
    return Request(operation.method or "GET", path, headers, query, SOMETHING, document=operation.body)


def _target(method: str, url: str) -> tuple[str, str] | None:
    """Path and query of a URL, None when it or the method cannot be read. No server takes a longer one."""
    if len(url) > LONGEST_URL:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if BAD_ESCAPE.search(url) or not METHOD.fullmatch(method) or url.startswith(":"):
        return None
    return unquote(parts.path) or "/", parts.query


def _encoded(pairs: tuple[tuple[str, str | None], ...]) -> str:
    return urlencode([(name, value or "") for name, value in pairs])


def _as_sent(headers: tuple[tuple[str, str | None], ...]) -> Mapping[str, str]:
    return MappingProxyType({sent_as(name): value or "" for name, value in headers})


def _parameters(operation: Operation) -> Iterator[tuple[str, str]]:
    for name, value in (operation.params or {}).items():
        yield name, value or ""
    for name, given in (operation.parameters or {}).items():
        for each in given if isinstance(given, list) else [given]:
            yield name, _text(each)


def _text(value: Scalar) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _rendered(
    operation: Operation, gate: Gate, status: int, request_id: bytes, body: bytes, started: str, ended: str
) -> bytes:
    return b'{"status":%d,"requestID":%b,"operationID":%b,%b,"body":%b,"startedAt":"%b","endedAt":"%b"}' % (
        status,
        request_id,
        gojson.dumps(_text(operation.operationID)),
        gate.named(operation.method or "", operation.url or ""),
        body,
        started.encode(),
        ended.encode(),
    )


def _named(method: str, url: str) -> bytes:
    return b'"method":%b,"url":%b' % (gojson.dumps(method), gojson.dumps(url))


def _stamp() -> str:
    """Now, as the original prints instants (RFC 3339, UTC)."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{_to_the_second(seconds)}.{nanoseconds // 1000:06d}Z"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
