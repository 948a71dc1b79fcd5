"""A request and its answer as every handler sees them, whichever door they came through.

A *handler* is a function `Request -> Answer` in `<app>/api/<dialect>.py`. The lane calls it before Django; a viewset
calls it inside Django. No dialect's rules live here.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from django.http import HttpRequest, HttpResponse

from config import patience
from config.wire.live import live

MOST_HEADER_NAMES = 2048
DRAINED_BYTES = 64 * 1024 * 1024
NO_PARAMS: Mapping[str, str] = MappingProxyType({})


class Request(msgspec.Struct, frozen=True):
    """`headers` have lower-case names with hyphens; `path` starts with `/`.

    `body` is what was sent. A body above `MAX_BODY_BYTES` is dropped: then `oversized` is true and `body` empty, and
    every grammar answers 413 in its own shape. `document` is the body decoded, where a caller in this process has it;
    then `body` says only that there is one.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    params: Mapping[str, str] = NO_PARAMS
    oversized: bool = False
    document: Any = None

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, in order."""
        return tuple([value for key, value in parsed_query(self.query) if key == name]) if self.query else ()

    def value(self, name: str) -> str | None:
        """The first value of a query parameter, None when it is absent."""
        return next((value for key, value in parsed_query(self.query) if key == name), None)


@lru_cache(maxsize=4096)
def parsed_query(query: str) -> tuple[tuple[str, str], ...]:
    """Names and values in order. At most 1000 are read; a longer query reads as its first 1000 fields."""
    return tuple(parse_qsl("&".join(query.split("&")[:1000]), keep_blank_values=True)) if query else ()


class Answer(msgspec.Struct, frozen=True):
    """What goes back. `headers` do not repeat Content-Type; an empty `content_type` sends none."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Answer]


def from_environ(environ: dict[str, Any], params: Mapping[str, str] | None = None) -> Request:
    """The request of a WSGI environ, its body read when it is not too large. Raises patience.HungUp."""
    headers = {name: value for key, value in environ.items() if (name := _header_names[key])}
    content_type = environ.get("CONTENT_TYPE")
    if content_type:
        headers["content-type"] = content_type
    path = environ.get("PATH_INFO", "/")
    length = content_length(environ)
    oversized = length > live.MAX_BODY_BYTES
    return Request(
        environ["REQUEST_METHOD"],
        path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace"),
        headers,
        environ.get("QUERY_STRING", ""),
        _body(environ, length, oversized) if length else b"",
        params or NO_PARAMS,
        oversized,
    )


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


class _HeaderNames(dict[str, str]):
    """`user-id` for `HTTP_USER_ID`, nothing for what is no header: a server's environ holds the process's, too."""

    def __missing__(self, key: str) -> str:
        name = key[5:].replace("_", "-").lower() if key[:5] == "HTTP_" else ""
        if len(self) < MOST_HEADER_NAMES:
            self[key] = name
        return name


_header_names = _HeaderNames()


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
    return Request(seen.method, seen.path, seen.headers, seen.query, body, seen.params, oversized)


def to_django(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type or "text/plain")
    if not answer.content_type:
        del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response
