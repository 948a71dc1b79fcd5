"""What is stored decides in the contract's order (upgrade contract §3.5), for a person in every possible standing."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from decisions import snapshots
from decisions.drawing import assigning
from decisions.plans import Plan
from tests import builders
from users.standing import Standing

pytestmark = pytest.mark.django_db

GROUP = {"unit": "group", "group_type": "class"}
ORDERS: list[tuple[Mapping[str, Any], str]] = [
    ({"unit": "individual", "consistency": "individual"}, "IX IE"),
    ({"unit": "individual", "consistency": "group"}, "IX IE"),
    ({"unit": "individual", "consistency": "experiment"}, "IE"),
    ({"unit": "individual", "consistency": ""}, "IE"),
    ({**GROUP, "consistency": "individual"}, "IX IE GX GE"),
    ({**GROUP, "consistency": "group"}, "GX GE IX IE"),
    ({**GROUP, "consistency": "experiment"}, "GE IE"),
]
FACTS = ("IX", "IE", "GX", "GE")
STANDINGS = [frozenset(chosen) for size in range(5) for chosen in combinations(FACTS, size)]
OWN, GROUPS, DRAWN = "own", "group's", "drawn"


def _plan(design: Mapping[str, Any]) -> Plan:
    experiment = builders.running(
        project=builders.project(),
        weights={DRAWN: "1", OWN: "0", GROUPS: "0"},
        points=[("site", "target")],
        design=design,
    )
    return snapshots.for_project(experiment.project_id).plans.by_id[experiment.pk]


def _person(plan: Plan, facts: frozenset[str]) -> Standing:
    person = Standing(1, "ada", {"class": ["c1"]}, {"class": "c1"})
    arms = {arm.key: arm.id for arm in plan.arms}
    if "IX" in facts:
        person.exclusions.add(plan.id)
    if "IE" in facts:
        person.arms[plan.id] = arms[OWN]
    if "GX" in facts:
        person.group_exclusions.add((plan.id, "class", "c1"))
    if "GE" in facts:
        person.group_arms[plan.id, "class", "c1"] = arms[GROUPS]
    return person


def _expected(order: str, facts: frozenset[str]) -> str | None:
    first = next((fact for fact in order.split() if fact in facts), "NEW")
    return {"IE": OWN, "GE": GROUPS, "NEW": DRAWN}.get(first)


@pytest.mark.parametrize(("design", "order"), ORDERS)
def test_the_first_thing_stored_decides(design: Mapping[str, Any], order: str) -> None:
    plan = _plan(design)
    names = {arm.id: arm.key for arm in plan.arms}

    for facts in STANDINGS:
        arms = assigning.arms_of(plan, _person(plan, facts))
        assert [names[arm] for arm in arms] == [each for each in [_expected(order, facts)] if each], facts


@pytest.mark.parametrize("facts", STANDINGS)
def test_a_pool_takes_in_nobody_excluded_and_keeps_who_is_in(facts: frozenset[str]) -> None:
    plan = _plan({**GROUP, "consistency": "experiment"})

    chosen = assigning._choose([plan], _person(plan, facts))

    is_in, is_out = bool(facts & {"IE", "GE"}), bool(facts & {"IX", "GX"})
    assert (chosen is plan) is (is_in or not is_out)
