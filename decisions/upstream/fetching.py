"""One conditional GET of somebody else's datafile. What becomes of the answer is `mirroring`'s affair."""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass

from events import outgoing

PATIENCE_SECONDS = 5.0
LARGEST = 64 * 1024 * 1024
LONGEST_DATE = 64


class Failed(Exception):
    """Nothing came back that could be used. `status` is the host's, 0 when there was no answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """`body` is None when the host says that nothing changed."""

    body: bytes | None
    last_modified: str


def fetch(url: str, *, access_token: str = "", last_modified: str = "") -> Fetched:
    """Fetch a datafile, unless it is as `last_modified` says. Raises Failed."""
    headers = {"Accept": "application/json"}
    if access_token:
        headers["Authorization"] = f"Bearer {access_token}"
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    if not url.startswith(("http://", "https://")):
        raise Failed(0, f"{url} is no web address")
    try:
        with outgoing.ask(urllib.request.Request(url, headers=headers), timeout=PATIENCE_SECONDS) as reply:
            body = reply.read(LARGEST + 1)
            modified = reply.headers.get("Last-Modified", "")[:LONGEST_DATE]
    except urllib.error.HTTPError as answer:
        if answer.code == 304:
            return Fetched(None, last_modified)
        raise Failed(answer.code, f"{url} answered {answer.code}") from answer
    except (OSError, ValueError, http.client.HTTPException) as fault:
        raise Failed(0, f"{url} cannot be fetched: {fault}") from fault
    if len(body) > LARGEST:
        raise Failed(200, f"{url} answered more than {LARGEST} bytes")
    return Fetched(body, modified)
