"""Sending JSON to somebody else's host. What is posted, and what an answer means, is the caller's affair."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

import orjson

LARGEST = 8 * 1024 * 1024


class Unreachable(Exception):
    """No answer came."""


def post(url: str, document: object, *, seconds: float, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """The status and the body of the answer, whatever the status. Raises Unreachable."""
    return send("POST", url, document, seconds=seconds, headers=headers)


def send(
    method: str, url: str, document: object, *, seconds: float, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """The same with another verb; None for `document` sends no body."""
    if not url.startswith(("http://", "https://")):
        raise Unreachable(f"{url} is no web address")
    sent = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    body = None if document is None else orjson.dumps(document)
    request = urllib.request.Request(url, body, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as reply:
            return reply.status, reply.read(LARGEST)
    except urllib.error.HTTPError as answer:
        return answer.code, b""
    except (OSError, ValueError, http.client.HTTPException) as fault:
        raise Unreachable(f"{url} cannot be reached: {fault}") from fault
