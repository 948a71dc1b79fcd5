"""What comes into the log, as plain values, and the check that a database can hold it. Nothing is written here."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from experiments.errors import Invalid


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One thing that happened. `uuid` is the client's own id: a second event of the project with it is dropped."""

    project_id: int
    source: str
    kind: str
    key: str
    user_id: str
    occurred_at: datetime
    received_at: datetime
    experiment_id: int | None = None
    variation_id: int | None = None
    uuid: str = ""
    value: float | None = None
    revenue: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewExposure:
    """A person met an arm."""

    project_id: int
    source: str
    user_id: str
    occurred_at: datetime
    received_at: datetime
    experiment_id: int | None = None
    variation_id: int | None = None
    flag_key: str = ""
    rule_key: str = ""
    rule_type: str = ""
    variation_key: str = ""
    uuid: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


Row = NewEvent | NewExposure
FIELDS: dict[type[Row], tuple[str, ...]] = {kind: tuple(kind.__dataclass_fields__) for kind in (NewEvent, NewExposure)}

# How many characters the columns hold.
LONGEST_KEY = 255
LIMITS: dict[type, tuple[tuple[str, int], ...]] = {
    NewEvent: (("user_id", 255), ("key", 255), ("uuid", 64), ("kind", 32), ("source", 16)),
    NewExposure: (
        ("user_id", 255),
        ("variation_key", 255),
        ("rule_key", 255),
        ("flag_key", 255),
        ("uuid", 64),
        ("rule_type", 16),
        ("source", 16),
    ),
}
LARGEST_INTEGER = 2**63 - 1


def check_row(row: Row) -> None:
    """Raise Invalid for what no column can hold: long texts, NUL, lone surrogates, numbers and dates out of range."""
    for name, longest in LIMITS[type(row)]:
        check_text(getattr(row, name), field_name=name, longest=longest)
    check_instant(row.occurred_at, field_name="occurred_at")
    check_instant(row.received_at, field_name="received_at")
    if isinstance(row, NewEvent):
        _check_numbers(row)
    if "\\u0000" in payload_text(row.payload):
        check_value(row.payload)


def check_text(text: str, *, field_name: str = "", longest: int = LONGEST_KEY) -> None:
    if len(text) > longest:
        raise Invalid(f"{field_name} is longer than {longest} characters", field=field_name)
    if "\x00" in text or not _encodes(text):
        raise Invalid(f"{field_name} holds characters that cannot be stored", field=field_name)


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_instant(moment: datetime, *, field_name: str) -> None:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{field_name} is out of range", field=field_name) from None


def _check_numbers(row: NewEvent) -> None:
    if row.revenue is not None and abs(row.revenue) > LARGEST_INTEGER:
        raise Invalid("revenue is out of range", field="revenue")
    if row.value is not None and not math.isfinite(row.value):
        raise Invalid("value must be a finite number", field="value")


def check_value(value: object) -> None:
    """Raise Invalid for a text inside a JSON value that cannot be stored."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            check_text(inner, field_name="payload", longest=len(inner))
        elif isinstance(inner, Mapping):
            waiting += [*inner.keys(), *inner.values()]
        elif isinstance(inner, list | tuple):
            waiting += inner


def payload_text(payload: Mapping[str, Any]) -> str:
    """The payload as JSON. Raises Invalid for what JSON or the database does not know, or for 250 levels of it."""
    try:
        return orjson.dumps(payload).decode()
    except TypeError:
        return _wide_integers(payload)


def _wide_integers(payload: Mapping[str, Any]) -> str:
    """The same for integers beyond 64 bits, which only Python's own JSON writes."""
    try:
        text = json.dumps(payload, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
        check_value(payload)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid("payload cannot be stored", field="payload") from error
    return text
