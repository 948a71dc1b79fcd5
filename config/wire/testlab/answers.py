"""How results and refusals sound: JSON, also for bare strings, open to every origin (testlab contract §2)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from config.wire.message import Answer

ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
PREFLIGHT_SECONDS = "86400"


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Any value of JSON, bare strings included, with the entity tag that every answer has (§2.7)."""
    body = rendered(value)
    return bytes_answer(body, status=status, headers={"ETag": etag(body), **(headers or {})})


def rendered(value: Any) -> bytes:
    return orjson.dumps(value, default=plain)


def bytes_answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON that is already rendered."""
    return Answer(status, body, headers=(ANY_ORIGIN, *(headers or {}).items()))


def plain(value: object) -> object:
    """A decimal as the number it is, whole where it is whole."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no place on this wire")


def unknown_endpoint() -> Answer:
    return json_answer({"error": "unknown endpoint"}, status=404)


def too_large() -> Answer:
    return json_answer("Request body too large", status=413)


def malformed() -> Answer:
    return json_answer("Malformed JSON in the request body", status=400)


def preflight(wanted_headers: str) -> Answer:
    """What a browser asks before it sends `If-Modified-Since` or JSON across origins."""
    headers: tuple[tuple[str, str], ...] = (
        ANY_ORIGIN,
        ("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
        ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
        ("Vary", "Access-Control-Request-Headers"),
    )
    wanted = "".join(sign for sign in wanted_headers if sign.isprintable())
    allowed = (("Access-Control-Allow-Headers", wanted),) if wanted else ()
    return Answer(204, b"", "", (*headers, *allowed))


def etag(body: bytes) -> str:
    """A weak entity tag of rendered JSON."""
    return f'W/"{len(body):x}-{hashlib.blake2b(body, digest_size=15).hexdigest()}"'


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def midnight(day: date) -> str:
    """A calendar date as its midnight in UTC, so that what a client sends back is the same day (§2.2)."""
    return f"{day.isoformat()}T00:00:00.000Z"
