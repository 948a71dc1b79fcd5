"""Flag variables: from text to value, as the Agent casts (agent.md 3.3). Which text applies is the ladder's affair."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from decisions.engine import gojson
from decisions.engine.model import Variable

_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Cast:
    """A value, its exact JSON, and whether the text could be read as the variable's type."""

    value: object
    rendered: bytes
    is_valid: bool


def cast(variable: Variable, text: str) -> Cast:
    """Read a text as the variable's type; what cannot be read becomes false, 0, 0 or null and is marked invalid."""
    reader, fallback = _READERS.get(variable.type, (_text, ""))
    try:
        value, is_valid = reader(text), True
    except ValueError:
        value, is_valid = fallback, False
    rendered = str(value).encode() if variable.type == "integer" else gojson.dumps(value)
    return Cast(value, rendered, is_valid)


def invalid_reason(variable_key: str) -> str:
    return f'Variable value for key "{variable_key}" is invalid or wrong type.'


def _boolean(text: str) -> object:
    if text not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text]


def _integer(text: str) -> object:
    """An optional sign and digits, within 64 bits."""
    if _INTEGER.fullmatch(text) is None or not -(2**63) <= int(text) < 2**63:
        raise ValueError(text)
    return int(text)


def _double(text: str) -> object:
    """Decimal or hexadecimal; infinities are refused because JSON cannot carry them."""
    if _DECIMAL.fullmatch(text):
        value = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        value = _from_hexadecimal(text)
    else:
        raise ValueError(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        raise ValueError(text) from None


def _object(text: str) -> object:
    """An object or null; anything else crashes the Agent and is an invalid value here."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_double)
        gojson.dumps(value)
    except (RecursionError, TypeError):
        raise ValueError(text) from None
    if value is not None and not isinstance(value, dict):
        raise ValueError(text)
    return value


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _text(text: str) -> object:
    return text


_READERS: Mapping[str, tuple[Callable[[str], object], object]] = {
    "boolean": (_boolean, False),
    "integer": (_integer, 0),
    "double": (_double, 0.0),
    "json": (_object, None),
}
