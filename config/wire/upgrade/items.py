"""What a person is given, as `assign` says it (upgrade contract §1.2, §3.6). Rendered once per experiment and arm."""

from functools import lru_cache
from typing import Any

import orjson

from decisions.drawing.assigning import Given
from decisions.plans import Plan, PlannedArm, PlannedPoint, level_code

TYPES = {"simple": "Simple", "factorial": "Factorial"}


def render(given: list[Given]) -> bytes:
    """The whole answer of `assign`."""
    return b"[" + b",".join([_items(each) for each in given]) + b"]"


def _items(given: Given) -> bytes:
    if len(given.arms) == 1 or given.plan.unit != "within_subjects":
        return _single(given.plan, given.arms[0])
    return b",".join([_ordered(given, point) for point in given.plan.points])


@lru_cache(maxsize=20_000)
def _single(plan: Plan, arm_id: int) -> bytes:
    """One arm at every point of an experiment."""
    arm = plan.arm(arm_id)
    return b",".join([orjson.dumps(item(plan, point, [arm])) for point in plan.points]) if arm else b""


def _ordered(given: Given, point: PlannedPoint) -> bytes:
    """All arms in the order in which they are met at a point, the ones already met moved to the end."""
    met = given.rotations.get(point.place, 0) % len(given.arms)
    return _rotated(given.plan, point, given.arms[met:] + given.arms[:met])


def _rotated(plan: Plan, point: PlannedPoint, arms: tuple[int, ...]) -> bytes:
    pieces = [_condition(plan, point, arm) for arm in arms]
    head, factors = _frame(plan, point, arms[0])
    tail = b',"assignedFactor":[' + b",".join([_factors(plan, arm) for arm in arms]) + b"]}" if factors else b"}"
    return head + b",".join(pieces) + b"]" + tail


@lru_cache(maxsize=20_000)
def _frame(plan: Plan, point: PlannedPoint, first: int) -> tuple[bytes, bool]:
    """An item up to its conditions, and whether factors follow."""
    whole = item(plan, point, [plan.arm(first)])
    factors = whole.pop("assignedFactor", None)
    whole["assignedCondition"] = []
    return orjson.dumps(whole)[:-2], factors is not None


@lru_cache(maxsize=20_000)
def _condition(plan: Plan, point: PlannedPoint, arm_id: int) -> bytes:
    arm = plan.arm(arm_id)
    return orjson.dumps(condition(plan, point, arm)) if arm else b"null"


@lru_cache(maxsize=20_000)
def _factors(plan: Plan, arm_id: int) -> bytes:
    arm = plan.arm(arm_id)
    return orjson.dumps(factors_of(arm)) if arm else b"{}"


def item(plan: Plan, point: PlannedPoint, arms: list[PlannedArm | None]) -> dict[str, Any]:
    """One decision point. `condition` is the document's own field; clients read `assignedCondition`."""
    known = [arm for arm in arms if arm is not None]
    conditions = [condition(plan, point, arm) for arm in known]
    content = {
        "target": point.target,
        "site": point.site,
        "experimentType": TYPES[plan.type],
        "condition": conditions[0]["conditionCode"],
        "assignedCondition": conditions,
    }
    return {**content, "assignedFactor": [factors_of(arm) for arm in known]} if plan.type == "factorial" else content


def condition(plan: Plan, point: PlannedPoint, arm: PlannedArm) -> dict[str, Any]:
    return {
        "id": arm.uid,
        "conditionCode": code(plan, arm),
        "payload": payload(plan, point, arm),
        "experimentId": plan.uid,
    }


def code(plan: Plan, arm: PlannedArm) -> str:
    """A factorial condition is spelt by its levels; within subjects the stored code is sent."""
    spelt = level_code(arm.levels) if plan.type == "factorial" and plan.unit != "within_subjects" else ""
    return spelt or arm.key


def payload(plan: Plan, point: PlannedPoint, arm: PlannedArm) -> dict[str, str] | None:
    found = arm.payloads.get(None if plan.type == "factorial" else point.id) or arm.payloads.get(None)
    return {"type": found["type"], "value": found["value"]} if found and found["value"] else None


def factors_of(arm: PlannedArm) -> dict[str, Any]:
    """`{factor: {level, payload}}`; a level's payload is always told as a string."""
    return {
        factor: {
            "level": level,
            "payload": {"type": "string", "value": carried["value"]} if carried["value"] else None,
        }
        for factor, level, carried in arm.levels
    }
