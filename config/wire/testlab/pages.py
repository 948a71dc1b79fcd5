"""Parts of long lists, by query parameters that the original does not know; without them a list is whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.wire.message import Answer, Request
from config.wire.testlab import reading
from config.wire.testlab.answers import rendered
from config.wire.testlab.freshness import fresh_or_whole, packed_now
from experiments.errors import Invalid
from experiments.instants import in_utc

NEXT = "X-Next-After"
PARAMETERS = {
    "limit": "At most so many rows.",
    "after": f"Only rows after this one: an event's id, or what `{NEXT}` said of the last page.",
    "since": "Only rows from this instant on (ISO 8601).",
    "feature_id": "Only rows of this feature.",
}


@dataclass(frozen=True, slots=True)
class Page:
    limit: int | None = None
    after: int = 0
    since: datetime | None = None
    feature_id: int | None = None


def asked(request: Request) -> Page:
    """The part that is asked for. Raises Invalid."""
    limit, after = _number(request, "limit"), _number(request, "after")
    if limit is not None and limit < 0:
        raise Invalid("limit counts rows", field="limit")
    return Page(limit, after or 0, _instant(request, "since"), _number(request, "feature_id"))


def answer(request: Request, rows: list[Any], *, last: int) -> Answer:
    """The rows, and in a header what to ask for next, which pages of other origins may read."""
    whole = packed_now(request, fresh_or_whole(request, rendered(rows)))
    exposed = ((NEXT, str(last)), ("Access-Control-Expose-Headers", NEXT))
    return Answer(whole.status, whole.body, whole.content_type, (*whole.headers, *exposed))


def _number(request: Request, name: str) -> int | None:
    written = request.value(name)
    return None if written is None else reading.integer(written)


def _instant(request: Request, name: str) -> datetime | None:
    written = request.value(name)
    if written is None:
        return None
    try:
        return in_utc(datetime.fromisoformat(written.replace(" ", "+")))
    except (ValueError, OverflowError) as fault:
        raise Invalid(f"{name} is an instant as in ISO 8601", field=name) from fault
