"""Fresh draws of UpGrade's designs: one arm, or a whole order of arms (upgrade contract §3.3, §3.5)."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import mmh3

from decisions.engine import seedrandom
from decisions.plans import Plan
from users.standing import Standing

MEETINGS = 100
"""How many arms a random order holds before it begins again."""


def fresh(plan: Plan, person: Standing, *, unit_id: str | None, shown: int | None) -> int | None:
    """The arm that a unit without one draws; None when it is not let in.

    `unit_id` is the group of a group experiment. Adaptive designs have no draw of their own here.
    """
    if plan.algorithm == "adaptive" or not may_draw(plan, person):
        return None
    if plan.unit == "group":
        return None if unit_id is None else plan.pick(unit_id)
    if plan.algorithm == "stratified":
        return _stratified(plan, person, shown)
    return plan.pick(person.user_id)


def may_draw(plan: Plan, person: Standing) -> bool:
    """Whether the audience lets in somebody of whom no attribute is known: by a rule without any, or as a member."""
    if plan.audience is None or plan.rules_hold or not plan.audience.isdisjoint(person.segments):
        return True
    return any(not plan.audience.isdisjoint(person.group_segments.get(each, ())) for each in person.memberships())


def _stratified(plan: Plan, person: Standing, shown: int | None) -> int | None:
    """The shown arm when it is one of ours, else a draw that leans towards what the stratum has too little of."""
    drawn = plan.pick(person.user_id)
    if drawn is None:
        return None
    if shown is not None and plan.arm(shown) is not None:
        return shown
    counts = person.strata.get((plan.id, plan.factor), {})
    if not sum(counts.values()):
        return drawn
    weights = leaning([arm.weight for arm in plan.arms], [counts.get(arm.id, 0) for arm in plan.arms])
    return plan.arms[seedrandom.pick(_fraction(plan, f"{plan.uid}_{person.user_id}"), weights)].id


def leaning(weights: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Percents moved against the shares reached so far: w + (w - share), clamped to 0..100, summing to 100."""
    total = sum(counts)
    moved = [
        min(100.0, max(0.0, 2 * weight - count * 100 / total)) for weight, count in zip(weights, counts, strict=True)
    ]
    whole = sum(moved)
    return [weight * 100 / whole for weight in moved] if whole else list(weights)


def sequence(plan: Plan, user_id: str) -> tuple[int, ...]:
    """The order in which one person meets all the arms. Weights do not matter (contract §3.6)."""
    ids = tuple(arm.id for arm in plan.arms)
    if len(ids) < 2 or plan.order == "ordered_round_robin":
        return ids
    return _ORDERS.get(plan.order, _random)(ids, plan.uid + user_id, plan.exact)


@lru_cache(maxsize=20_000)
def _random(ids: tuple[int, ...], seed: str, exact: bool) -> tuple[int, ...]:
    """A hundred draws with replacement."""
    return tuple(ids[int(_number(f"{seed}{i}", exact) * len(ids))] for i in range(MEETINGS))


@lru_cache(maxsize=20_000)
def _random_round_robin(ids: tuple[int, ...], seed: str, exact: bool) -> tuple[int, ...]:
    """Shuffled blocks, enough of them for a hundred meetings."""
    order: list[int] = []
    for block in range(-(-MEETINGS // len(ids))):
        left = list(ids)
        order += [left.pop(int(_number(f"{seed}{block}{j}", exact) * len(left))) for j in range(len(ids))]
    return tuple(order)


_ORDERS: dict[str, Callable[[tuple[int, ...], str, bool], tuple[int, ...]]] = {
    "random": _random,
    "random_round_robin": _random_round_robin,
}


def _fraction(plan: Plan, seed: str) -> float:
    return _number(seed, plan.exact)


def _number(seed: str, exact: bool) -> float:
    """A number in [0, 1): UpGrade's for experiments that came from there, else the hash's.

    Not remembered one by one: a whole order is, and its hundred numbers would push out those that are asked for again.
    """
    return seedrandom.fresh(seed) if exact else mmh3.hash(seed, 1, False) / 2**32
