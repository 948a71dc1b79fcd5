"""Asking somebody else's host. What is sent, and what an answer means, is the caller's affair."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO
from urllib.parse import urlsplit

import orjson

LARGEST = 8 * 1024 * 1024


# What may follow a redirect to another host; tokens and keys are for the host they were meant for.
FOR_ANYBODY = frozenset({"Accept", "Content-type", "If-modified-since", "User-agent"})


class Unreachable(Exception):
    """No answer came."""


class _KeepsSecrets(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            for name in following.headers.keys() - FOR_ANYBODY:
                following.remove_header(name)
        return following


def _origin(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    return split.scheme, split.netloc


ask = urllib.request.build_opener(_KeepsSecrets).open
"""`urllib.request.urlopen`, but redirects to another host carry no secrets."""


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
        with ask(request, timeout=seconds) as reply:
            return reply.status, reply.read(LARGEST)
    except urllib.error.HTTPError as answer:
        return answer.code, b""
    except (OSError, ValueError, http.client.HTTPException) as fault:
        raise Unreachable(f"{url} cannot be reached: {fault}") from fault
