"""Who qualifies (contract §3): conditions are all, criteria are any, nothing is everybody."""

from typing import Any

import pytest

from sampling import qualifying
from sampling.operators import MISSING
from sampling.qualifying import Criteria, Requirement, Rule

COUNTRY = Requirement("User", "country", "equals", "US")
ADULT = Requirement("User", "age", "gte", "18")
SPENDER = Requirement("Order", "total", "gt", "100")


def _criteria(*rules: tuple[Requirement, ...]) -> Criteria:
    return Criteria(tuple(Rule("User", "country", tests) for tests in rules))


def test_without_criteria_everybody_qualifies() -> None:
    assert _criteria().judge({}).qualifies


@pytest.mark.parametrize(("age", "qualifies"), [(31, True), (17, False)])
def test_inside_a_criterion_every_condition_must_hold(age: int, qualifies: bool) -> None:
    verdict = _criteria((COUNTRY, ADULT)).judge({"User": {"country": "US", "age": age}})

    assert verdict.qualifies is qualifies


def test_of_several_criteria_any_suffices() -> None:
    assert _criteria((COUNTRY,), (ADULT,)).judge({"User": {"country": "DE", "age": 20}}).qualifies


def test_a_condition_may_look_at_another_model() -> None:
    criteria = _criteria((COUNTRY, SPENDER))

    assert criteria.judge({"User": {"country": "US"}, "Order": {"total": 101}}).qualifies
    assert not criteria.judge({"User": {"country": "US"}}).qualifies


@pytest.mark.parametrize(("records", "qualifies"), [({"User": {}}, True), ({}, True), ({"Device": {"os": "x"}}, False)])
def test_a_criterion_without_conditions_takes_every_entity_of_its_model(
    records: dict[str, Any], qualifies: bool
) -> None:
    assert _criteria(()).judge(records).qualifies is qualifies


def test_the_sampled_value_is_the_attribute_of_the_criterion_that_holds() -> None:
    criteria = Criteria((Rule("User", "country", (COUNTRY,)), Rule("User", "age", (ADULT,))))

    assert criteria.judge({"User": {"country": "US", "age": 20}}).sampled_value == "US"
    assert criteria.judge({"User": {"country": "DE", "age": 20}}).sampled_value == "20"


def test_an_unknown_operator_is_told_and_never_holds() -> None:
    criteria = _criteria((Requirement("User", "country", "resembles", "US"),))

    verdict = criteria.judge({"User": {"country": "US"}})

    assert criteria.unknown_operators() == ("resembles",)
    assert (verdict.qualifies, verdict.reason) == (
        False,
        "No criterion of the experiment holds (unknown operator: resembles)",
    )


@pytest.mark.parametrize(
    ("record", "path", "found"),
    [
        ({"a": {"b": {"c": 1}}}, "a.b.c", 1),
        ({"a.b": 2, "a": {"b": 3}}, "a.b", 2),
        ({"a": {"b.c": 4}}, "a.b.c", 4),
        ({"a": 1}, "a.b", MISSING),
        ({"a": None}, "a", None),
        (None, "a", MISSING),
        ([1], "0", MISSING),
    ],
)
def test_a_property_path_has_dots(record: object, path: str, found: object) -> None:
    assert qualifying.found_in(record, path) == found


def test_records_are_flat_attributes_with_the_sampled_model_first() -> None:
    records = {"Order": {"country": "DE", "total": 3}, "User": {"country": "US"}, "plan": "pro", "gone": None}

    assert qualifying.flat(records, ["User"]) == {"country": "US", "total": 3, "plan": "pro"}
