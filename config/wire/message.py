"""A request and its answer as every handler sees them, whichever door they came through.

A *handler* is a function `Request -> Answer` in `<app>/api/<dialect>.py`. The lane calls it before Django; a viewset
calls it inside Django. No dialect's rules live here.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from config import patience
from config.wire.live import live
from experiments.remembering import remembered

DRAINED_BYTES = 64 * 1024 * 1024
NO_PARAMS: Mapping[str, str] = MappingProxyType({})


@remembered(512)
def sent_as(name: str) -> str:
    """The key a header goes by in a WSGI environ: `x-request-id` is `HTTP_X_REQUEST_ID`."""
    key = name.replace("-", "_").upper()
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


class Request(msgspec.Struct, frozen=True):
    """`sent` holds the headers under the keys of a WSGI environ (`sent_as`), uncopied; `path` starts with `/`.

    `body` is what was sent. A body above `MAX_BODY_BYTES` is dropped: then `oversized` is true and `body` empty, and
    every grammar answers 413 in its own shape. `document` is the body decoded, where a caller in this process has it;
    then `body` says only that there is one.
    """

    method: str
    path: str
    sent: Mapping[str, Any]
    query: str = ""
    body: bytes = b""
    params: Mapping[str, str] = NO_PARAMS
    oversized: bool = False
    document: Any = None

    def header(self, name: str) -> str:
        """A header by its name in lower case, "" when it was not sent."""
        value: str = self.sent.get(sent_as(name)) or ""
        return value

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, in order."""
        return _values(self.query, name) if self.query else ()

    def value(self, name: str) -> str | None:
        """The first value of a query parameter, None when it is absent."""
        return next((value for key, value in parsed_query(self.query) if key == name), None)


@remembered(4096)
def parsed_query(query: str) -> tuple[tuple[str, str], ...]:
    """Names and values in order. At most 1000 are read; a longer query reads as its first 1000 fields."""
    return tuple(parse_qsl("&".join(query.split("&")[:1000]), keep_blank_values=True)) if query else ()


@remembered(4096)
def _values(query: str, name: str) -> tuple[str, ...]:
    return tuple([value for key, value in parsed_query(query) if key == name])


class Stream(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Answer(msgspec.Struct, frozen=True):
    """What goes back. `headers` do not repeat Content-Type; an empty `content_type` sends none.

    `stream` is a body that comes bit by bit, instead of `body`; it has a `close`, which whoever takes it must call.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    stream: Stream | None = None


BROKEN = Answer(500, b'{"error":"internal server error"}')
"""What is said of a fault of ours, on both doors."""

Handler = Callable[[Request], Answer]


def from_environ(environ: dict[str, Any], params: Mapping[str, str] | None = None) -> Request:
    """The request of a WSGI environ, its body read when it is not too large. Raises patience.HungUp."""
    length = content_length(environ)
    oversized = length > live.MAX_BODY_BYTES
    return Request(
        environ["REQUEST_METHOD"],
        _as_utf8(environ.get("PATH_INFO", "/")),
        environ,
        _as_utf8(environ.get("QUERY_STRING", "")),
        _body(environ, length, oversized) if length else b"",
        params or NO_PARAMS,
        oversized,
    )


def _as_utf8(text: str) -> str:
    """What a WSGI server hands over byte by byte; not every client escapes what is not ASCII."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def _body(environ: dict[str, Any], length: int, oversized: bool) -> bytes:
    if not oversized:
        return patience.whole(environ, length)
    _drain(patience.PatientInput(environ), length)
    return b""


def _drain(stream: Any, length: int) -> None:
    """Read a body that is too large and drop it piece by piece, so that its sender hears the refusal.

    Beyond `DRAINED_BYTES` nobody is listening any more: the server closes the connection.
    """
    left = min(length, DRAINED_BYTES)
    while left > 0 and (piece := stream.read(min(left, 65_536))):
        left -= len(piece)


def content_length(environ: Mapping[str, Any]) -> int:
    """The announced length of the body, 0 when there is none or it is no number."""
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def from_django(request: HttpRequest, params: Mapping[str, str] | None = None) -> Request:
    """The same request as `from_environ` gives, read through Django."""
    length = content_length(request.META)
    oversized = length > live.MAX_BODY_BYTES
    seen = from_environ({**request.META, "CONTENT_LENGTH": "0"}, params)
    if oversized:
        _drain(request, length)
    body = b"" if oversized else request.body
    return Request(seen.method, seen.path, seen.sent, seen.query, body, seen.params, oversized)


def to_django(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type or "text/plain")
    if not answer.content_type:
        del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response


def to_django_stream(answer: Answer) -> HttpResponse | StreamingHttpResponse:
    """The same for an answer that may have a stream."""
    if answer.stream is None:
        return to_django(answer)
    headers = dict(answer.headers)
    return StreamingHttpResponse(answer.stream, content_type=answer.content_type, status=answer.status, headers=headers)
