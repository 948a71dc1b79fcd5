"""A request and its answer as every handler sees them, whichever door they came through.

A *handler* is a function `Request -> Answer` in `<app>/api/<dialect>.py`. The lane calls it before Django; a viewset
calls it inside Django. No dialect's rules live here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names with hyphens; `path` starts with `/`; `body` is what was sent, bounded."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, in order."""
        return tuple(value for key, value in parsed_query(self.query) if key == name)

    def value(self, name: str) -> str | None:
        """The first value of a query parameter, None when it is absent."""
        return next((value for key, value in parsed_query(self.query) if key == name), None)


@lru_cache(maxsize=4096)
def parsed_query(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=1000)) if query else ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `headers` do not repeat Content-Type; an empty `content_type` sends none."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Answer]


def from_environ(environ: Mapping[str, Any], body: bytes) -> Request:
    """The request of a WSGI environ."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key[:5] == "HTTP_"}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    if environ.get("CONTENT_LENGTH"):
        headers["content-length"] = environ["CONTENT_LENGTH"]
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    return Request(environ["REQUEST_METHOD"], path, headers, environ.get("QUERY_STRING", ""), body)


def from_django(request: HttpRequest, params: Mapping[str, str] | None = None) -> Request:
    """The same request as `from_environ` gives, read from Django's."""
    seen = from_environ(request.META, request.body)
    return Request(seen.method, seen.path, seen.headers, seen.query, seen.body, params or {})


def to_django(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type or "text/plain")
    if not answer.content_type:
        del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response
