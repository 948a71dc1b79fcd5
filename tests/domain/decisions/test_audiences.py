"""Which rules of a segment the engine can decide by, and what is said of the others."""

from typing import Any

import pytest

from decisions import audiences
from experiments.errors import Invalid

LEAF = {"name": "age", "match": "ge", "value": 12}


def deep(levels: int) -> list[Any]:
    rule: list[Any] = ["and", LEAF]
    for _ in range(levels):
        rule = ["not", rule]
    return rule


@pytest.mark.parametrize(
    "rule",
    [
        [],
        ["and", LEAF],
        ["not", {"name": "internal", "match": "exists"}],
        ["or", ["and", LEAF, {"name": "country", "value": "NL"}], ["not", LEAF]],
        ["or", {"type": "third_party_dimension", "match": "qualified", "value": "loyal"}],
        ["and", {"type": "custom_attribute", "name": "beta", "match": "exact", "value": False}],
        deep(50),
    ],
)
def test_a_rule_the_engine_reads_passes(rule: list[Any]) -> None:
    audiences.check_rule(rule)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"name": "x"}, "A rule is a list"),
        ("and", "A rule is a list"),
        (None, "A rule is a list"),
        ([LEAF], "Every list begins with and, or or not"),
        (["and", []], "Every list begins with and, or or not"),
        (["xor", LEAF], "Every list begins with and, or or not"),
        (["and"], '"and" has no conditions in it'),
        (["not", LEAF, LEAF], '"not" takes one condition'),
        (["and", {"match": "exact", "value": 1}], "needs the name of an attribute"),
        (["and", {"name": "a", "match": "almost", "value": 1}], 'There is no match "almost"'),
        (["and", {"name": "a", "match": "gt", "value": "1"}], "is not a number"),
        (["and", {"name": "a", "match": "gt", "value": True}], "is not a number"),
        (["and", {"name": "a", "match": "exact"}], "needs a value to compare with"),
        (["and", {"name": "a", "type": "cookie", "value": 1}], 'is "custom_attribute"'),
        (["and", {"name": ["a"], "value": 1}], "cannot be read"),
        (["and", "someone"], "is no condition"),
        (["and", 7], "cannot be read"),
        (deep(64), "nested deeper than 64"),
        (["or", *[LEAF] * 10_000], "more than 10000 conditions"),
    ],
)
def test_a_rule_the_engine_cannot_use_is_refused_in_words(rule: Any, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        audiences.check_rule(rule)


def test_the_attributes_of_a_rule_are_those_it_asks_for() -> None:
    rule = ["or", ["and", LEAF, {"name": "country", "value": "NL"}], {"match": "qualified", "value": "loyal"}]

    assert audiences.attributes_in(rule) == {"age", "country"}
