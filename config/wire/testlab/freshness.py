"""When a client is told 304: Express's rules over `If-Modified-Since` and `If-None-Match` (testlab contract §2.7).

`Last-Modified` is advertised and compared a margin later than the change, because SDKs poll with "now minus my
interval" cut to the second and would otherwise miss a change made in the second of their last poll.
"""

import gzip
import math
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from django.conf import settings

from config.wire.message import Answer, Request
from config.wire.testlab.answers import ANY_ORIGIN, bytes_answer, etag

# A browser must ask each time: from `Last-Modified` alone it would guess for how long a list stays as it is.
ASK_AGAIN = {"Cache-Control": "no-cache"}
WORTH_PACKING = 1024
GZIP_LEVEL = 4


def last_modified(changed_at: datetime) -> int:
    """The advertised second (since 1970) of a change."""
    return math.ceil(changed_at.timestamp() + settings.TESTLAB_CHANGE_MARGIN)


def fresh_or_whole(request: Request, body: bytes, *, modified: int | None = None, tag: str = "") -> Answer:
    """304 when the client knows this body, the whole of it otherwise."""
    tag = tag or etag(body)
    headers = {"ETag": tag} | ASK_AGAIN | ({} if modified is None else {"Last-Modified": http_date(modified)})
    if request.method in ("GET", "HEAD") and _is_fresh(request, tag, modified):
        return Answer(304, b"", "", (ANY_ORIGIN, *headers.items()))
    return bytes_answer(body, headers=headers)


def packed(request: Request, body: bytes, gzipped: bytes, *, tag: str) -> Answer:
    """The same of a long list, compressed for clients that take it so."""
    answer = fresh_or_whole(request, body, tag=tag)
    varies = (*answer.headers, ("Vary", "Accept-Encoding"))
    if answer.status == 200 and _takes_gzip(request.header("accept-encoding")):
        return Answer(200, gzipped, headers=(*varies, ("Content-Encoding", "gzip")))
    return Answer(answer.status, answer.body, answer.content_type, varies)


def packed_now(request: Request, answer: Answer) -> Answer:
    """A list that is rendered for this request, compressed where the client takes it so and it is worth the time."""
    varies = (*answer.headers, ("Vary", "Accept-Encoding"))
    if answer.status != 200 or len(answer.body) < WORTH_PACKING or not _takes_gzip(request.header("accept-encoding")):
        return Answer(answer.status, answer.body, answer.content_type, varies)
    body = gzip.compress(answer.body, GZIP_LEVEL, mtime=0)
    return Answer(answer.status, body, answer.content_type, (*varies, ("Content-Encoding", "gzip")))


def _takes_gzip(accepted: str) -> bool:
    wishes = [wish.replace(" ", "").lower().partition(";q=") for wish in accepted.split(",")]
    return any(name in ("gzip", "*") and quality not in ("0", "0.0", "0.00", "0.000") for name, _, quality in wishes)


def http_date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


def _is_fresh(request: Request, tag: str, modified: int | None) -> bool:
    """Every condition that is given must hold; `Cache-Control: no-cache` asks for the whole."""
    known, since = request.sent.get("HTTP_IF_NONE_MATCH"), request.sent.get("HTTP_IF_MODIFIED_SINCE")
    if (known is None and since is None) or "no-cache" in request.header("cache-control"):
        return False
    if known is not None and not _names(known, tag):
        return False
    return since is None or (modified is not None and _not_before(since, modified))


def _names(known: str, tag: str) -> bool:
    names = {name.strip().removeprefix("W/") for name in known.split(",")}
    return known.strip() == "*" or tag.removeprefix("W/") in names


def _not_before(since: str, modified: int) -> bool:
    moment = _moment(since)
    return moment is not None and moment.timestamp() >= modified


def _moment(since: str) -> datetime | None:
    """A date of HTTP, or an ISO 8601 instant, as JavaScript reads both; None for anything else."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(since)
        except (ValueError, TypeError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
