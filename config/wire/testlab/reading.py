"""Bodies and values as the original read them: JSON of any looseness, texts by PostgreSQL's rules (testlab §2.2-§2.4).

A route declares a `msgspec.Struct` of *loose* values; the functions here turn each into what the domain takes.
Everything refused here is `Invalid`, which this dialect says as the route's own 403; `Malformed` is a 400.
"""

import ipaddress
import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
import orjson

from config.wire.message import Request
from experiments import shapes
from experiments.errors import Invalid

Shape = TypeVar("Shape", bound=msgspec.Struct)

LARGEST_ID = 2**63 - 1
INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
NUMBER = re.compile(r"\s*[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?\s*")
TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")
AMBIGUOUS = "o"
ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?")


class Malformed(Exception):
    """The body is no JSON object or array."""


def body(request: Request, shape: type[Shape]) -> Shape:
    """The body as `shape`. What is not sent as JSON reads as `{}`. Raises Malformed and Invalid."""
    sent = _object(request)
    try:
        return shapes.convert(sent, shape)
    except (msgspec.ValidationError, RecursionError) as fault:
        raise Invalid(str(fault)) from fault


def _object(request: Request) -> Any:
    if "json" not in request.header("content-type").partition(";")[0].lower() or not request.body:
        return {}
    try:
        sent = orjson.loads(request.body)
    except orjson.JSONDecodeError as fault:
        raise Malformed(str(fault)) from fault
    if not isinstance(sent, dict | list):
        raise Malformed("only objects and arrays are read")
    return sent


def text(value: object) -> str:
    """What a client meant as text: numbers, booleans and objects are written out as JavaScript would.

    Raises Invalid for what is nested too deeply to be written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _number_text(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as fault:
        raise Invalid("that is nested too deeply") from fault


def _number_text(value: float) -> str:
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return re.sub(r"e([+-])0?", r"e\1", repr(value))


def integer(value: object) -> int:
    """A whole number, or the text of one. Raises Invalid."""
    written = text(value)
    if isinstance(value, bool) or not INTEGER.fullmatch(written) or abs(int(written)) > LARGEST_ID:
        raise Invalid(f"{written[:40]} is no whole number")
    return int(written)


def share(value: object) -> Decimal:
    """A number or the text of one, exactly as it was written. Raises Invalid."""
    written = text(value)
    if isinstance(value, bool) or not NUMBER.fullmatch(written):
        raise Invalid(f"{written[:40]} is no number")
    try:
        return Decimal(written.strip())
    except InvalidOperation as fault:
        raise Invalid(f"{written[:40]} is no number") from fault


def boolean(value: object) -> bool:
    """A boolean, or a text that PostgreSQL takes for one: any beginning of true, yes, on, false, no, off; 1 and 0."""
    written = text(value).strip().lower()
    for words, meaning in ((TRUE, True), (FALSE, False)):
        if written and written != AMBIGUOUS and any(word.startswith(written) for word in words):
            return meaning
    raise Invalid(f"{written[:40]} is neither true nor false")


def address(value: object) -> str:
    """An IP address or network as PostgreSQL's `inet` writes it back. Raises Invalid."""
    written = text(value)
    if not ADDRESS.fullmatch(written):  # Python would also take zones, and masks in place of lengths
        raise Invalid("that is no IP address")
    try:
        if "/" not in written:
            return _address(ipaddress.ip_address(written))
        found = ipaddress.ip_interface(written)
    except ValueError as fault:
        raise Invalid("that is no IP address") from fault
    prefix = found.network.prefixlen
    return _address(found.ip) if prefix == found.max_prefixlen else f"{_address(found.ip)}/{prefix}"


def _address(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    mapped = getattr(found, "ipv4_mapped", None)
    return str(found) if mapped is None else f"::ffff:{mapped}"
