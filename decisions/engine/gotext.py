"""How the Agent prints values inside a sentence: quoted text, and any value. JSON is in `gojson`."""

import math
from collections.abc import Mapping
from decimal import Decimal

_NAMED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def quote(text: str) -> str:
    """The text in double quotes; quotes, backslashes and unprintable characters escaped."""
    return '"' + "".join([_escape(char) for char in text]) + '"'


def plain(value: object) -> str:
    """A decoded JSON value as it stands in a sentence: `true`, `1e+06`, `[a b]`, `map[k:v]`, `<nil>`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(_double(value))
    if isinstance(value, Mapping):
        return "map[" + " ".join([f"{key}:{plain(value[key])}" for key in sorted(value)]) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join([plain(item) for item in value]) + "]"
    return str(value)


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _number(value: float) -> str:
    """Shortest digits, an exponent of two digits below 1e-4 and from 1e6 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value))
    exponent = exact.adjusted()
    if value != 0 and not -4 <= exponent < 6:
        mantissa = format(exact.scaleb(-exponent).normalize(), "f")
        return f"{mantissa}e{exponent:+03d}"
    return format(exact, "f").removesuffix(".0")
