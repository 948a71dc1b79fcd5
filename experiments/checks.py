"""What an experiment must be like to make sense, in a researcher's words. Reads nothing, writes nothing.

Every function raises `Invalid` with a sentence that says what is wrong and, where it can, what would be right.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal

from experiments.errors import Invalid

TOLERANCE = Decimal("0.0001")  # One slot of ten thousand: thirds written with four decimals pass.
RESERVED_VARIATION_KEY = "default"


def weights(shares: Sequence[Decimal]) -> None:
    """The shares of all variations of one experiment; none at all is fine."""
    total = sum(shares, Decimal(0))
    if shares and abs(total - 1) > TOLERANCE:
        even = ", ".join(f"{share.normalize():f}" for share in evenly(len(shares)))
        raise Invalid(f"The weights add up to {total.normalize():f}, not to 1. Even shares would be {even}.")


def evenly(count: int) -> list[Decimal]:
    """`count` shares that add up to exactly 1; the last one takes what rounding leaves."""
    share = (Decimal(1) / count).quantize(Decimal("0.000001"), ROUND_FLOOR)
    return [share] * (count - 1) + [1 - share * (count - 1)]


def keys(given: Iterable[str], *, what: str) -> None:
    """No key twice."""
    for key, times in Counter(given).items():
        if times > 1:
            raise Invalid(f'Two {what} are called "{key}". Each needs a key of its own.')


def variation_key(key: str) -> None:
    if key.lower() == RESERVED_VARIATION_KEY:
        raise Invalid('"default" is what UpGrade clients call being in no experiment; choose another key.')


def period(start: datetime | date | None, end: datetime | date | None) -> None:
    """An end that is after its start; either may be open. A flag's last day may be its first."""
    if start is None or end is None:
        return
    if end < start or (isinstance(start, datetime) and end == start):
        raise Invalid("The end must be after the start.")


def points(places: Iterable[tuple[str, str]]) -> None:
    """No decision point twice in one experiment."""
    for (site, target), times in Counter(places).items():
        if times > 1:
            raise Invalid(f'The decision point "{site} / {target}" is listed twice.')


def sdk_key(key: str) -> None:
    if not key or not key.isascii() or not key.isalnum():
        raise Invalid("An SDK key is made of letters and digits only; Optimizely clients refuse a hyphen.")


def typed(value: str, kind: str) -> None:
    """A text that can be read as its kind: boolean, integer, double, string, csv, json or json object."""
    problem = _PROBLEMS.get(kind)
    if problem and not problem[0](value):
        raise Invalid(f'"{value[:40]}" is not {problem[1]}.')


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii()


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json_object(text: str) -> bool:
    return text.lstrip().startswith("{") and _is_json(text)


_PROBLEMS = {
    "boolean": (lambda text: text in ("true", "false"), 'one of "true" and "false"'),
    "integer": (_is_integer, "a whole number"),
    "double": (_is_number, "a number"),
    "json": (_is_json, "JSON"),
    "json object": (_is_json_object, 'a JSON object, such as {"size": 3}'),
}
