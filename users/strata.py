"""People's values of stratification factors, many at a time: the only writer of `StratumValue`.

A table has a column of user ids and a column per factor, as UpGrade's (`uuid,<factor>,…`).
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Count

from experiments import texts
from experiments.errors import Invalid
from users import assignments, people
from users.models import StratumValue

AT_ONCE = 2000

Line = tuple[str, Mapping[str, str]]
"""A user id, and that person's values by factor."""


@dataclass(frozen=True, slots=True)
class Report:
    """`people` were unknown so far; `values` were stored, new or changed or the same."""

    people: int
    values: int
    factors: tuple[str, ...]


def read(text: str) -> list[Line]:
    """Every line under the header. Raises Invalid, in words, with the line that is wrong."""
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise Invalid(f"The file is no CSV: {error}") from error
    if not rows or len(rows[0]) < 2:
        raise Invalid("The first line names the columns: one of user ids, then one per factor.")
    factors = [texts.plain(name.strip()) for name in rows[0][1:]]
    _check_factors(factors)
    return [_line(number, row, factors) for number, row in enumerate(rows[1:], start=2) if any(row)]


def _check_factors(factors: Sequence[str]) -> None:
    texts.check(*factors, field="a factor")
    if not all(factors):
        raise Invalid("A column has no name; it should be called like its factor.")
    twice = next((name for name in factors if factors.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"Two columns are called {twice}.")


def _line(number: int, row: Sequence[str], factors: Sequence[str]) -> Line:
    user_id, *values = (texts.plain(cell.strip()) for cell in row)
    if not user_id or len(values) != len(factors):
        raise Invalid(f"Line {number} should have a user id and {len(factors)} values.")
    try:
        texts.check(user_id, *values)
    except Invalid as refusal:
        raise Invalid(f"Line {number}: {refusal}") from refusal
    return user_id, {factor: value for factor, value in zip(factors, values, strict=True) if value}


def store(lines: Iterable[Line]) -> Report:
    """Store all values, or none; the last one of a person counts. Who is not known yet is made known."""
    made = stored = 0
    factors: dict[str, None] = {}
    stream = iter(lines)
    with transaction.atomic():
        while batch := list(islice(stream, AT_ONCE)):
            fresh, rows = _batch(batch)
            made, stored = made + fresh, stored + len(rows)
            factors |= dict.fromkeys(row.factor for row in rows)
    return Report(made, stored, tuple(factors))


def _batch(batch: Sequence[Line]) -> tuple[int, list[StratumValue]]:
    roots = assignments.root_ids(user_ids=[user_id for user_id, _ in batch])
    values: dict[tuple[str, str], str] = {}
    names = [roots.get(user_id, user_id) for user_id, _ in batch]
    for name, (_, said) in zip(names, batch, strict=True):
        values |= {(name, factor): value for factor, value in said.items()}
    made, known = people.bring({name: {} for name in names})
    rows = [StratumValue(user_id=known[name], factor=factor, value=value) for (name, factor), value in values.items()]
    StratumValue.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "factor"], update_fields=["value"]
    )
    return made, rows


def sizes() -> dict[str, dict[str, int]]:
    """How many people have each value, by factor."""
    found: dict[str, dict[str, int]] = {}
    rows = StratumValue.objects.values_list("factor", "value").annotate(number=Count("id"))
    for factor, value, number in rows.order_by("factor", "value"):
        found.setdefault(factor, {})[value] = number
    return found


def table(*, factor: str) -> Iterator[tuple[str, str]]:
    """The header and everybody's value of one factor, as it can be read again."""
    yield "uuid", texts.neutral(factor)
    rows = StratumValue.objects.filter(factor=factor).order_by("user__external_id")
    for user_id, value in rows.values_list("user__external_id", "value").iterator(AT_ONCE):
        yield texts.neutral(user_id), texts.neutral(value)


def forget(*, factor: str) -> int:
    """Drop a factor; answers how many values went. What was drawn by it stays."""
    number, _ = StratumValue.objects.filter(factor=factor).delete()
    return number


def has_values(*, factor: str) -> bool:
    return StratumValue.objects.filter(factor=factor).exists()
