"""JSON text exactly as the Agent writes it (agent.md 1.1): compact, sorted, HTML-escaped, numbers as doubles."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

import orjson

_MAX_DEPTH = 200
_USER = b'{"userId":%b,"attributes":%b}'
_EXACT = 2**53

# What the plain encoder writes differently: HTML characters, long integers, whole or exponent floats.
_SUSPECT = re.compile(
    rb"[<>&]|\xe2\x80[\xa8\xa9]"
    rb"|(?:^|[:,\[])-?(?:\d{16,}|\d+\.0(?=[,\]}]|$)|\d+(?:\.\d+)?[eE])"
)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*')
_UNSAFE = re.compile(rb"[<>&]|\xe2\x80[\xa8\xa9]")
_ESCAPES = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def dumps(value: object) -> bytes:
    """Render decoded JSON: keys sorted, every number through a double, lone surrogates as U+FFFD.

    Raises ValueError for values nested deeper than the encoder goes (over 200 levels) and for integers no double can
    hold, TypeError for other types.
    """
    try:
        raw = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raw = orjson.dumps(_clean(value, _MAX_DEPTH), option=orjson.OPT_SORT_KEYS)
    if (_has_plain_numbers(value) and not _may_need_escapes(raw)) or _SUSPECT.search(raw) is None:
        return raw
    return _TOKEN.sub(_rewrite, raw)


def _has_plain_numbers(value: object) -> bool:
    """A quick yes for texts and flat objects of everyday numbers; the search is for the rest."""
    if type(value) is not dict:
        return type(value) is str
    for item in value.values():
        kind = type(item)
        if kind is str or kind is bool:
            continue
        if kind is int:
            if not -_EXACT < item < _EXACT:
                return False
        elif kind is not float or not 1e-3 < item < 1e15 or item.is_integer():
            return False
    return True


def _may_need_escapes(raw: bytes) -> bool:
    return len(raw.translate(None, b"<>&\xe2")) != len(raw)


def user_context(user_id: str, attributes: Mapping[str, object]) -> bytes:
    """`{"userId":…,"attributes":…}`, the same as `dumps` of each would give. Raises what `dumps` raises."""
    if not _has_plain_numbers(attributes):
        return _USER % (dumps(user_id), dumps(attributes))
    try:
        raw = _USER % (orjson.dumps(user_id), orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS))
    except TypeError:  # a lone surrogate
        return _USER % (dumps(user_id), dumps(attributes))
    return _USER % (dumps(user_id), dumps(attributes)) if _may_need_escapes(raw) else raw


def obj(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    """An object with its fields in the given order; the values are already rendered."""
    return b"{" + b",".join([dumps(key) + b":" + value for key, value in pairs]) + b"}"


def arr(items: Iterable[bytes]) -> bytes:
    """A list of rendered items."""
    return b"[" + b",".join(items) + b"]"


def number(value: float) -> str:
    """A finite double: shortest digits, an exponent only below 1e-6 and from 1e21 on, `e-7` but `e+21`."""
    if value == 0:
        return "-0" if str(value)[0] == "-" else "0"
    text = repr(value)
    if 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(text), "f") if "e" in text else text
        return text.removesuffix(".0")
    return text.replace("e-0", "e-")


def _rewrite(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token[0] == 0x22:
        return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], token)
    return number(float(token)).encode()


def _clean(value: object, depth: int) -> object:
    """The same value within what the plain encoder accepts: no huge integers, no lone surrogates."""
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_clean(key, 1): _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, depth - 1) for item in value]
    return _double(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is too large") from None
