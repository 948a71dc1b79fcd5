"""What an experiment must be like to make sense, in a researcher's words. Reads nothing, writes nothing.

Every function raises `Invalid` with a sentence that says what is wrong and, where it can, what would be right.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

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


def design(chosen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every choice of a design that contradicts another one, as (its name, a sentence). `chosen` may lack some."""
    for name, is_wrong, sentence in _CONTRADICTIONS:
        if is_wrong(chosen):
            yield name, sentence


def _is(name: str, value: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda chosen: chosen.get(name) == value


def _lacks(name: str, *, when: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda chosen: when(chosen) and not chosen.get(name)


def _has(name: str, *, but_not: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda chosen: bool(chosen.get(name)) and not but_not(chosen)


_OF_GROUPS = _is("unit", "group")
_WITHIN = _is("unit", "within_subjects")
_STRATIFIED = _is("algorithm", "stratified")

_CONTRADICTIONS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], str], ...] = (
    ("group_type", _lacks("group_type", when=_OF_GROUPS), "Say which kind of group, such as classId."),
    ("group_type", _has("group_type", but_not=_OF_GROUPS), "Only experiments on whole groups have a kind of group."),
    ("group_type", _is("group_type", "user"), "“user” is what a single person is called; choose another word."),
    (
        "stratification_factor",
        _lacks("stratification_factor", when=_STRATIFIED),
        "Say by which factor people are stratified.",
    ),
    (
        "stratification_factor",
        _has("stratification_factor", but_not=_STRATIFIED),
        "Only stratified random sampling looks at a factor.",
    ),
    (
        "algorithm",
        lambda chosen: _STRATIFIED(chosen) and not _is("unit", "individual")(chosen),
        "Strata are of persons: choose “Each person”, or draw at random.",
    ),
    ("condition_order", _lacks("condition_order", when=_WITHIN), "Say in which order a person meets the conditions."),
    (
        "condition_order",
        _has("condition_order", but_not=_WITHIN),
        "Only where every person sees every condition is there an order.",
    ),
    (
        "ending_group_count",
        lambda chosen: chosen.get("ending_group_count") is not None and not _OF_GROUPS(chosen),
        "Only experiments on whole groups end by a number of groups.",
    ),
    ("ending_user_count", lambda chosen: chosen.get("ending_user_count") == 0, "Nobody would ever be in it."),
    ("ending_group_count", lambda chosen: chosen.get("ending_group_count") == 0, "Nobody would ever be in it."),
)


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
