"""The operator table of a condition (contract §3): one line per claim."""

from typing import Any

import pytest

from sampling import operators
from sampling.operators import MISSING

CASES: list[tuple[str, Any, str, bool]] = [
    ("equals", "US", "US", True),
    ("equals", "us", "US", False),
    ("equals", 30, "30", True),
    ("equals", "30.0", "30", True),
    ("equals", 1e2, "100", True),
    ("equals", True, "true", True),
    ("equals", "True", "true", True),
    ("equals", False, "0", False),
    ("equals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    ("equals", "2026-01-01T02:00:00+02:00", "2026-01-01", True),
    ("equals", {"a": 1}, '{"a":1}', True),
    ("eq", "a", "a", True),
    ("==", "a", "a", True),
    ("=", "a", "b", False),
    ("not_equals", "US", "DE", True),
    ("ne", 1, "1.0", False),
    ("neq", 1, "2", True),
    ("!=", "a", "a", False),
    ("gt", 31, "30", True),
    ("gt", 30, "30", False),
    ("gt", "9", "10", False),
    ("gt", "b", "a", True),
    ("gt", "2026-02-01", "2026-01-31", True),
    ("gte", 30, "30", True),
    ("gte", "29.9", "30", False),
    ("lt", 29, "30", True),
    ("lt", "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00Z", True),
    ("lte", 30, "30", True),
    ("lte", 31, "30", False),
    ("in", "US", "DE, US", True),
    ("in", 3, "[1, 2, 3]", True),
    ("in", "a,b", '["a,b"]', True),
    ("in", "FR", "DE,US", False),
    ("in", ["FR", "US"], "DE,US", True),
    ("in", "[x", "[x", True),
    ("not_in", "FR", "DE,US", True),
    ("not_in", "US", "DE,US", False),
    ("contains", "premium user", "mium", True),
    ("contains", ["a", "b"], "b", True),
    ("contains", ["ab"], "b", False),
    ("not_contains", ["a"], "b", True),
    ("not_contains", "abc", "b", False),
    ("starts_with", "user123", "user", True),
    ("starts_with", "user123", "123", False),
    ("ends_with", "a@b.org", ".org", True),
    ("ends_with", 123, "23", True),
    ("exists", "", "anything", True),
    ("not_exists", 0, "anything", False),
    ("between", 18, "18,30", True),
    ("between", 30, "18, 30", True),
    ("between", 31, "18,30", False),
    ("between", "2026-01-15", "2026-01-01,2026-02-01", True),
    ("between", 5, "5", False),
    ("matches", "a@b.org", r"^[^@]+@[\w.]+\.org$", True),
    ("matches", "a@b.com", r"\.org$", False),
    ("matches", "abc", "(", False),
]
NEGATIVE = {"not_equals", "ne", "neq", "!=", "not_in", "not_contains", "not_exists"}


@pytest.mark.parametrize(("operator", "found", "wanted", "expected"), CASES)
def test_operator(operator: str, found: Any, wanted: str, expected: bool) -> None:
    assert operators.holds(operator, found, wanted) is expected


@pytest.mark.parametrize("nothing", [MISSING, None], ids=["missing", "null"])
@pytest.mark.parametrize("operator", operators.OPERATORS)
def test_where_nothing_is_found_only_the_negative_ones_hold(operator: str, nothing: object) -> None:
    assert operators.holds(operator, nothing, "1,2") is (operator in NEGATIVE)


@pytest.mark.parametrize("operator", ["", "EQUALS", "resembles", "__class__"])
@pytest.mark.parametrize("found", ["a", MISSING])
def test_an_unknown_operator_is_never_true(operator: str, found: object) -> None:
    assert not operators.is_known(operator)
    assert not operators.holds(operator, found, "a")


@pytest.mark.parametrize("operator", operators.NAMED)
def test_no_value_breaks_an_operator(operator: str) -> None:
    founds = [10**40, -(10**400), 1e308, [], {}, [[None]], "9" * 10_000, "2026-99-99", "\ud800", True]
    wanteds = ["", "1e999", "[", "[[1]]", "2026-01-01", "NaN", ",", "9" * 10_000]

    answers = [operators.holds(operator, found, wanted) for found in founds for wanted in wanteds]

    assert set(answers) <= {True, False}
