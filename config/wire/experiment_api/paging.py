"""Lists: a plain array as documented, an envelope with a page token as soon as `limit` or `page_token` is asked for."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import pydantic_core
from django.db.models import Q, QuerySet
from pydantic import BaseModel, Field

from config.wire.experiment_api.answering import JSON, answer
from config.wire.experiment_api.faults import Faults
from config.wire.experiment_api.shapes import Shape
from config.wire.message import Answer

DEFAULT_LIMIT = 10


class Listing(Shape):
    active_only: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] | None = None
    page_token: str | None = Field(default=None, description="Opaque, from `next_page_token`.")


class CriteriaListing(Shape):
    limit: Annotated[int, Field(ge=1, le=100)] | None = None
    page_token: str | None = Field(default=None, description="Opaque, from `next_page_token`.")


def listed(
    rows: QuerySet[Any], asked: Listing | CriteriaListing, *, name: str, write: Callable[[Any], BaseModel]
) -> Answer:
    """`rows`, oldest first: all of them, or one page of `{name: [...], "next_page_token": text or null}`."""
    if asked.limit is None and asked.page_token is None:
        return answer([write(row) for row in rows])
    limit = asked.limit or DEFAULT_LIMIT
    found = list(after(rows, asked.page_token or "")[: limit + 1])
    page = {name: [write(row) for row in found[:limit]], "next_page_token": next_token(found, limit=limit)}
    return Answer(200, pydantic_core.to_json(page), JSON)


def next_token(found: Sequence[Any], *, limit: int) -> str | None:
    """Where the next page begins, when more rows than `limit` were found; None at the end."""
    return token_of(found[limit - 1]) if len(found) > limit else None


def after(rows: QuerySet[Any], token: str) -> QuerySet[Any]:
    """The rows that come behind a token, in order of creation. Raises Faults for a token that is none of ours."""
    if not token:
        return rows
    moment, pk = _read_token(token)
    behind = Q(created_at__gt=moment) | Q(created_at=moment, pk__gt=pk)
    return rows.filter(behind, created_at__gte=moment)  # the index is entered by the plain bound


def before(rows: QuerySet[Any], token: str) -> QuerySet[Any]:
    """The same for a list with the newest first."""
    if not token:
        return rows
    moment, pk = _read_token(token)
    behind = Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk)
    return rows.filter(behind, created_at__lte=moment)


def token_of(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row.created_at.isoformat()} {row.pk}".encode()).decode()


def _read_token(token: str) -> tuple[datetime, int]:
    try:
        moment, pk = base64.b64decode(token, altchars="-_", validate=True).decode().split(" ")
        position = _aware(datetime.fromisoformat(moment)), int(pk)
    except (ValueError, OverflowError):
        position = None
    if position is None or not 0 <= position[1] < 1 << 63:
        fault = {
            "type": "page_token",
            "loc": ("query", "page_token"),
            "msg": "Input should be a page token of this list",
            "input": token,
        }
        raise Faults([fault]) from None
    return position


def _aware(moment: datetime) -> datetime:
    """In UTC. Raises ValueError without an offset, OverflowError where that is before the year 1 or after 9999."""
    if moment.tzinfo is None:
        raise ValueError("a token of ours has an offset")
    return moment.astimezone(UTC)
