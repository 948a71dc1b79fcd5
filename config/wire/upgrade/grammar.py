"""One call of UpGrade's client API: who calls, with which body, and how the answer leaves. v5 and v6 differ here only.

A route is declared once: `@route(Body)` turns a function of a `Call` into the handler that both doors use.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import orjson
from django.db import InterfaceError, OperationalError

from config.wire.message import Answer, Request
from config.wire.upgrade import cors, errors, tokens
from config.wire.upgrade.errors import WRONG_PARAMETER, Refused
from decisions import snapshots
from decisions.compile import Snapshot
from experiments import shapes, texts
from experiments.errors import DomainError, NotFound, Unavailable

logger = logging.getLogger(__name__)

B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Call(Generic[B]):
    """`user_id` is as the client sent it: a header in v6, a key of the body in v5."""

    version: int
    user_id: str
    body: B
    raw: Any


@dataclass(frozen=True)
class Route(Generic[B]):
    """A handler of one route: parse, check, call, word.

    `body` is the declared shape, `body_in_v6` the one of v6 where it differs; `said` describes a good answer.
    `user_key` is the body's key of the user id in v5; `bare` tells that nobody is named at all.
    """

    verb: Callable[[Call[B]], Answer]
    body: type[B]
    body_in_v6: type[B]
    said: Any
    user_key: str
    bare: bool

    def __call__(self, request: Request) -> Answer:
        raw: Any = None
        version = 5 if "/v5/" in request.path else 6
        try:
            cors.check(request)
            raw = parsed(request)
            if version == 6 and not self.bare and not request.header("user-id"):
                raise Refused(400, "User-Id header not found.", type=WRONG_PARAMETER)
            tokens.check(request, raw, names_project="context" in getattr(self.body_in_v6, "__struct_fields__", ()))
            answer = self.verb(self._call(request, version, raw))
        except Refused as refused:
            answer = errors.answer(refused, path=request.path, body=raw)
        except DomainError as error:
            answer = _worded(error, version, request, raw)
        except (OperationalError, InterfaceError):
            logger.exception("The database is away: %s", request.path)
            answer = _worded(Unavailable("The database is away"), version, request, raw)
        return dressed(answer, request)

    def _call(self, request: Request, version: int, raw: Any) -> Call[B]:
        try:
            body = shapes.convert(raw, self.body if version == 5 else self.body_in_v6)
        except msgspec.ValidationError as error:
            raise errors.wrong_body() from error
        return Call(version, self._user_id(request, version, raw), body, raw)

    def _user_id(self, request: Request, version: int, raw: Mapping[str, Any]) -> str:
        user_id = request.header("user-id") if version == 6 else raw.get(self.user_key)
        if self.bare:
            return ""
        if not isinstance(user_id, str) or not user_id or not texts.is_storable(user_id):
            raise errors.wrong_body()
        return user_id if version == 5 else _as_sent(user_id)


def _worded(error: DomainError, version: int, request: Request, raw: Any) -> Answer:
    answer = errors.answer(errors.worded(error, version=version), path=request.path, body=raw)
    return with_headers(answer, ("Retry-After", str(error.retry_after))) if isinstance(error, Unavailable) else answer


def route(
    body: type[B],
    *,
    said: Any,
    in_v6: type[B] | None = None,
    user_key: str = "userId",
    bare: bool = False,
) -> Callable[[Callable[[Call[B]], Answer]], Route[B]]:
    """Declare a route. `bare`: nobody is named in it."""
    return lambda verb: Route(verb, body, in_v6 or body, said, user_key, bare)


def parsed(request: Request) -> Any:
    """The body as JSON; {} for none. Whatever the content type says: bloblog is sent as text. Raises Refused."""
    if request.oversized:
        raise Refused(413, "request entity too large", name="PayloadTooLargeError")
    if not request.body.strip():
        return {}
    try:
        raw = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, str(error), name="SyntaxError") from error
    if not isinstance(raw, dict | list):
        raise Refused(400, "Unexpected token in JSON at position 0", name="SyntaxError")
    return raw


def _as_sent(header: str) -> str:
    """A header as the text it was: bytes above ASCII arrive as Latin-1 and were UTF-8."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def context(key: str) -> Snapshot:
    """The project a context names. Raises NotFound when UpGrade's clients know none by that name."""
    snapshot = snapshots.for_key(key)
    if snapshot is None or "upgrade" not in snapshot.dialects:
        raise NotFound("context", key)
    return snapshot


def ok(content: Any) -> Answer:
    return Answer(200, content if isinstance(content, bytes) else orjson.dumps(content))


def dressed(answer: Answer, request: Request) -> Answer:
    """Every answer names itself and says who may read it."""
    return with_headers(answer, ("x-request-id", str(uuid.uuid4())), *cors.headers(request))


def with_headers(answer: Answer, *headers: tuple[str, str]) -> Answer:
    return Answer(answer.status, answer.body, answer.content_type, (*answer.headers, *headers))
