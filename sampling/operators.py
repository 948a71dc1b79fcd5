"""The operators of a condition, as a table. Pure: a found value and the stored text in, true or false out.

Stored values are texts: numbers are compared as numbers where both sides are numeric, instants as instants where both
are ISO dates, else texts, case-sensitively; true and false are the texts "true" and "false" (contract §3).
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from sampling import patterns
from sampling.expressions import Unsupported

MISSING = object()
LONGEST_MATCHED = 1_000
LONGEST_READ = 64
HUGE = 10**60

NUMBER = re.compile(r"[+-]?(\d{1,60}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,3})?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?", re.ASCII)

Holds = Callable[[Any, str], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """How a found value is tested, and what holds where there is none (contract §3: the negative ones do)."""

    holds: Holds
    when_missing: bool = False


def holds(operator: str, found: object, wanted: str) -> bool:
    """Whether a condition holds. An unknown operator never does; nothing found is MISSING or None."""
    known = OPERATORS.get(operator)
    if known is None:
        return False
    return known.when_missing if found is MISSING or found is None else known.holds(found, wanted)


def is_known(operator: str) -> bool:
    return operator in OPERATORS


def text_of(value: object) -> str:
    """A found value as a stored one is written."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value) if abs(value) < HUGE else ""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return ""


def _pair(found: object, wanted: str) -> tuple[Any, Any]:
    """Both sides as values of one kind, so that they can be compared."""
    left = text_of(found)
    if max(len(left), len(wanted)) <= LONGEST_READ:
        for read in (_number, _instant, _truth):
            right = read(wanted)
            pair = None if right is None else (read(left), right)
            if pair and pair[0] is not None:
                return pair
    return left, wanted


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if NUMBER.fullmatch(text) else None


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime | None:
    if not DAY.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _truth(text: str) -> str | None:
    return text.lower() if text.lower() in ("true", "false") else None


def _equals(found: object, wanted: str) -> bool:
    left, right = _pair(found, wanted)
    return bool(left == right)


def _greater(found: object, wanted: str) -> bool:
    left, right = _pair(found, wanted)
    return bool(left > right)


def _less(found: object, wanted: str) -> bool:
    left, right = _pair(found, wanted)
    return bool(left < right)


def _in(found: object, wanted: str) -> bool:
    return any(_equals(each, choice) for each in _each(found) for choice in _listed(wanted))


def _contains(found: object, wanted: str) -> bool:
    """A text inside a text, a value inside a list."""
    if isinstance(found, list):
        return any(_equals(each, wanted) for each in found)
    return wanted in text_of(found)


def _between(found: object, wanted: str) -> bool:
    bounds = _listed(wanted)
    return len(bounds) == 2 and not _less(found, bounds[0]) and not _greater(found, bounds[1])


def _matches(found: object, wanted: str) -> bool:
    try:
        return patterns.compiled(wanted).search(text_of(found)[:LONGEST_MATCHED])
    except Unsupported:
        return False


def _each(found: object) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _listed(wanted: str) -> list[str]:
    """A JSON list, or texts between commas."""
    if wanted.lstrip().startswith("["):
        with suppress(orjson.JSONDecodeError):
            return [text_of(each) for each in orjson.loads(wanted)]
    return [each.strip() for each in wanted.split(",")]


def _not(holds: Holds) -> Operator:
    return Operator(lambda found, wanted: not holds(found, wanted), when_missing=True)


NAMED: dict[str, Operator] = {
    "equals": Operator(_equals),
    "not_equals": _not(_equals),
    "gt": Operator(_greater),
    "gte": Operator(lambda found, wanted: not _less(found, wanted)),
    "lt": Operator(_less),
    "lte": Operator(lambda found, wanted: not _greater(found, wanted)),
    "in": Operator(_in),
    "not_in": _not(_in),
    "contains": Operator(_contains),
    "not_contains": _not(_contains),
    "starts_with": Operator(lambda found, wanted: text_of(found).startswith(wanted)),
    "ends_with": Operator(lambda found, wanted: text_of(found).endswith(wanted)),
    "exists": Operator(lambda found, wanted: True),
    "not_exists": Operator(lambda found, wanted: False, when_missing=True),
    "between": Operator(_between),
    "matches": Operator(_matches),
}
ALIASES = {
    "eq": "equals",
    "==": "equals",
    "=": "equals",
    "ne": "not_equals",
    "neq": "not_equals",
    "!=": "not_equals",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
}
OPERATORS = NAMED | {alias: NAMED[name] for alias, name in ALIASES.items()}
