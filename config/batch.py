"""`POST /v1/batch`: several requests in one (agent contract §1.6). It calls the dialect's handlers in process.

Operations run in the order given and see the routes only: no host check, no nested batch, no `/health`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import orjson

from config.wire import agent
from config.wire.agent import AgentDoor, Endpoint, Refused, described
from config.wire.live import live
from config.wire.message import Answer, Handler, Request
from decisions.engine import gojson

UNDECODABLE = Answer(400, b'{"error": "cannot decode the operation body"}\n')
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
            asked = agent.read(request.body, BatchBody) if request.body else None
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
        return agent.keyless("POST", batch)(request) if request.method == "POST" else nowhere(request)

    post_only.__name__, post_only.__doc__ = "batch", batch.__doc__
    return post_only


def door(handler: Handler) -> type[AgentDoor]:
    """The viewset of a batch handler."""
    return type("Batch", (AgentDoor,), {"batch": described(handler, takes=BatchBody, keyed=False)})


def _run(operations: list[Operation], routes: Mapping[str, Handler], nowhere: Endpoint) -> Answer:
    started = _stamp()
    done = [_item(each, routes, nowhere) for each in operations]
    errors = sum(status != 200 for status, _ in done)
    ended = _stamp() if done else NEVER
    head = f'{{"startedAt":"{started}","endedAt":"{ended}","errorCount":{errors},"response":['
    return agent.ok(head.encode() + b",".join([item for _, item in done]) + b"]}")


def _item(operation: Operation, routes: Mapping[str, Handler], nowhere: Endpoint) -> tuple[int, bytes]:
    """The status of one operation and its rendered item."""
    started = _stamp()
    request = _request_of(operation)
    if request is None:
        return 400, _rendered(operation, 400, "", b"null", started, NEVER)
    answer = _route(request, routes, nowhere)
    is_json = bool(answer.body) and answer.content_type.startswith("application/json")
    request_id = request.headers["x-request-id"] if is_json else ""
    body = answer.body.rstrip(b"\n") if is_json else b"null"
    return answer.status, _rendered(operation, answer.status, request_id, body, started, _stamp())


def _route(request: Request, routes: Mapping[str, Handler], nowhere: Endpoint) -> Answer:
    handler = routes.get(request.path)
    if isinstance(handler, Endpoint):
        return handler.routed(request)
    if handler is not None:
        return handler(request)
    return nowhere.routed(request) if f"{request.path}/".startswith("/v1/") else agent.NOT_FOUND


def _request_of(operation: Operation) -> Request | None:
    """The operation as a request, None when method or URL cannot be read."""
    url = operation.url or ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if BAD_ESCAPE.search(url) or not METHOD.fullmatch(operation.method or "") or url.startswith(":"):
        return None
    headers = {name.lower(): value or "" for name, value in (operation.headers or {}).items()}
    headers.setdefault("x-request-id", agent.fresh_id())
    query = "&".join(filter(None, [parts.query, urlencode(list(_parameters(operation)))]))
    return Request(operation.method or "GET", unquote(parts.path) or "/", headers, query, orjson.dumps(operation.body))


def _parameters(operation: Operation) -> Iterator[tuple[str, str]]:
    for name, value in (operation.params or {}).items():
        yield name, value or ""
    for name, given in (operation.parameters or {}).items():
        for each in given if isinstance(given, list) else [given]:
            yield name, _text(each)


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _rendered(operation: Operation, status: int, request_id: str, body: bytes, started: str, ended: str) -> bytes:
    fields = (
        ("status", b"%d" % status),
        ("requestID", gojson.dumps(request_id)),
        ("operationID", gojson.dumps(_text(operation.operationID))),
        ("method", gojson.dumps(operation.method or "")),
        ("url", gojson.dumps(operation.url or "")),
        ("body", body),
    )
    times = f',"startedAt":"{started}","endedAt":"{ended}"}}'
    return b"{" + b",".join([b'"' + name.encode() + b'":' + value for name, value in fields]) + times.encode()


def _stamp() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
