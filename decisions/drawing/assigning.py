"""UpGrade's rules around a draw: who sees which experiment, and which arm (upgrade contract §3). Writes nothing.

The steps read plans (`decisions.plans`) and one person's standing (`users.standing`); nothing else is looked up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from decisions.compile import Snapshot
from decisions.drawing import draws, recalling
from decisions.engine import seedrandom
from decisions.plans import Plan, Plans, pools_of
from experiments.errors import NotFound
from users.standing import Group, Place, Standing

LIVE = ("running", "preview")
NO_FORCE: Mapping[int, int] = MappingProxyType({})
NO_ROTATIONS: Mapping[Place, int] = MappingProxyType({})


class Given(NamedTuple):
    """An experiment a person takes part in: the arms in the order they meet them (one, unless within subjects).

    `rotations` tells how many arms were already met at a point.
    """

    plan: Plan
    arms: tuple[int, ...]
    rotations: Mapping[Place, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why lists keep a person out: "user", "group" (then `group` is the one that matched) or "filter_mode"."""

    reason: str
    group: Group | None = None


def assign(*, snapshot: Snapshot, user_id: str, now: datetime) -> list[Given]:
    """Everything a person is given in a project, in the order of the experiments' creation. One read.

    Raises NotFound for a user nobody has introduced. While the database is away, see `recalling.person`.
    """
    person = recalling.person(user_id=user_id, needs=snapshot.plans.needs)
    if person is None:
        raise NotFound("user", user_id)
    return given_to(snapshot, person, now=now)


def given_to(snapshot: Snapshot, person: Standing, *, now: datetime) -> list[Given]:
    """The same for somebody already read."""
    plans = snapshot.plans
    if not snapshot.is_active or is_excluded_globally(plans, person):
        return []
    forced = plans.preview_users.get(person.user_id)
    is_plain = forced is None and not person.exclusions
    found: list[Given] = []
    for members in plans.pools:
        if is_plain and len(members) == 1 and (alone := plans.plans[members[0]]).is_plain:
            arm = person.arms[alone.id] if alone.id in person.arms else alone.pick(person.user_id)
            if arm is not None:
                found.append(Given(alone, (arm,), NO_ROTATIONS))
            continue
        together = [plans.plans[index] for index in members]
        left = [plan for plan in together if _may_see(plan, person, forced is not None, now)]
        chosen = [plan for pool in _pools(left, len(members)) if (plan := _choose(pool, person)) is not None]
        found += [given for plan in chosen if (given := _given(plan, person, forced or NO_FORCE)) is not None]
    return found


def _given(plan: Plan, person: Standing, forced: Mapping[int, int]) -> Given | None:
    arms = arms_of(plan, person, forced=forced)
    return Given(plan, arms, person.repeats.get(plan.id, NO_ROTATIONS)) if arms else None


def arm_in(snapshot: Snapshot, experiment_id: int, user_id: str) -> int | None:
    """The arm a person has, or would draw, in one experiment, whoever asks; pools and dates aside. One read.

    Somebody who is not known has no groups. Within subjects there is no one arm.
    """
    plan = snapshot.plans.by_id.get(experiment_id)
    if plan is None or not snapshot.is_active or plan.unit == "within_subjects":
        return None
    person = recalling.person(user_id=user_id, needs=snapshot.plans.needs)
    if person is None:
        person = stranger(snapshot, user_id, [experiment_id])
    if not person.is_known and not plan.takes_strangers:
        return None
    if plan.id not in person.arms and (plan.status not in LIVE or is_excluded_globally(snapshot.plans, person)):
        return None
    arms = arms_of(plan, person) if refusal(plan, person) is None else ()
    return arms[0] if arms else None


def stranger(snapshot: Snapshot, user_id: str, experiment_ids: Sequence[int]) -> Standing:
    """Somebody no UpGrade client told of: without groups, and with the arms that others gave them. Two queries."""
    person = recalling.visitor(user_id=user_id, groups={}, needs=snapshot.plans.needs)
    _, arms = recalling.arms_of(project_id=snapshot.project_id, user_id=user_id, experiment_ids=experiment_ids)
    person.arms.update(arms)
    return person


def is_excluded_globally(plans: Plans, person: Standing) -> bool:
    """Listed, or working in a listed group. (The original also drops everybody without a working group.)

    Of whom nothing is known may be listed, so where anybody is they are out.
    """
    listed = plans.global_exclude
    if not person.is_known:
        return plans.excludes_anybody
    if not listed.isdisjoint(person.segments):
        return True
    return _matching(listed, person.working(), person) is not None


def _matching(segments: frozenset[int], groups: Iterable[Group], person: Standing) -> Group | None:
    """The first of these groups that one of the segments lists."""
    found = person.group_segments
    if not segments or not found:
        return None
    return next((each for each in groups if not segments.isdisjoint(found.get(each, ()))), None)


def is_candidate(plan: Plan, *, is_previewer: bool, now: datetime) -> bool:
    """Whether the experiment may be given to anybody at all (contract §3.1 step 2)."""
    if plan.status == "preview":
        return is_previewer
    if plan.status == "paused" and plan.post_rule == "assign" and plan.fallback is None:
        return False
    return plan.is_open(now)


def _may_see(plan: Plan, person: Standing, is_previewer: bool, now: datetime) -> bool:
    if not is_candidate(plan, is_previewer=is_previewer, now=now):
        return False
    if not person.is_known and not plan.takes_strangers:
        return False
    if plan.unit == "group" and plan.id not in person.arms and working_group(plan, person) is None:
        return False
    return refusal(plan, person) is None


def working_group(plan: Plan, person: Standing) -> str | None:
    """The person's group of the experiment's type; None unless they work in one they are a member of."""
    mine = (person.working_groups or {}).get(plan.group_type)
    members = (person.groups or {}).get(plan.group_type)
    return mine if mine is not None and isinstance(members, list) and mine in members else None


def refusal(plan: Plan, person: Standing) -> Refusal | None:
    """Whether the experiment's lists keep the person out (contract §3.2); first match wins.

    Who has an arm of a group experiment of individual consistency stays in, whatever the lists say (§3.1 step 6).
    """
    if plan.lets_all_in and not plan.excluded:
        return None
    if plan.unit == "group" and plan.consistency == "individual" and plan.id in person.arms:
        return None
    return list_refusal(plan.included, plan.excluded, person, lets_all_in=plan.lets_all_in)


def list_refusal(
    included: frozenset[int], excluded: frozenset[int], person: Standing, *, lets_all_in: bool
) -> Refusal | None:
    """The two filter modes over segments already closed over their children. Flags have the same rule."""
    if not excluded.isdisjoint(person.segments):
        return Refusal("user")
    if not included.isdisjoint(person.segments):
        return None
    group = _matching(excluded, person.memberships(), person)
    if lets_all_in:
        return None if group is None else Refusal("group", group)
    if group is None and _matching(included, person.memberships(), person) is not None:
        return None
    return Refusal("filter_mode", group)


def _pools(left: Sequence[Plan], before: int) -> list[Sequence[Plan]]:
    """What a pool of `before` plans falls into when what linked the plans that are left is gone."""
    if len(left) == before or len(left) < 2:
        return [left] if left else []
    return [[left[index] for index in pool] for pool in pools_of(left)]


def _choose(pool: Sequence[Plan], person: Standing) -> Plan | None:
    """One experiment per pool: the one already entered, else a draw over those that may be (contract §3.4)."""
    entered = [plan for plan in pool if is_enrolled(plan, person)]
    if len(entered) == 1:
        return entered[0]
    if entered:
        return next((plan for plan in entered if plan.status == "running"), None)
    free = [plan for plan in pool if plan.status in LIVE and not is_excluded(plan, person)]
    if len(free) < 2:
        return free[0] if free else None
    return free[int(seedrandom.draw(person.user_id) * len(free))]


def is_enrolled(plan: Plan, person: Standing) -> bool:
    return plan.id in person.arms or _group_key(plan, person) in person.group_arms


def is_excluded(plan: Plan, person: Standing) -> bool:
    return plan.id in person.exclusions or _group_key(plan, person) in person.group_exclusions


def _group_key(plan: Plan, person: Standing) -> tuple[int, str, str]:
    group = (person.working_groups or {}).get(plan.group_type, "") if plan.unit == "group" else ""
    return plan.id, plan.group_type, group


OWN_EXCLUSION, OWN_ARM, GROUP_EXCLUSION, GROUP_ARM = "IX", "IE", "GX", "GE"

RUNGS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("individual", "individual"): (OWN_EXCLUSION, OWN_ARM),
    ("individual", "group"): (OWN_EXCLUSION, OWN_ARM),
    ("individual", "experiment"): (OWN_ARM,),
    ("group", "individual"): (OWN_EXCLUSION, OWN_ARM, GROUP_EXCLUSION, GROUP_ARM),
    ("group", "group"): (GROUP_EXCLUSION, GROUP_ARM, OWN_EXCLUSION, OWN_ARM),
    ("group", "experiment"): (GROUP_ARM, OWN_ARM),
}
"""What is looked at, in order, by unit and consistency (contract §3.5); an exclusion ends the search."""


def arms_of(
    plan: Plan, person: Standing, *, forced: Mapping[int, int] = NO_FORCE, shown: int | None = None
) -> tuple[int, ...]:
    """The arms of one experiment that was chosen for the person; () when there are none.

    `shown` is what a client says it was shown: a stratified draw depends on counts, so it stands if nothing else does.
    """
    if plan.status == "paused" and plan.post_rule == "assign":
        return () if plan.fallback is None else (plan.fallback,)
    if plan.id in forced:
        return (forced[plan.id],)
    if plan.unit == "within_subjects":
        is_out = plan.id in person.exclusions or plan.status == "paused"
        return () if is_out else draws.sequence(plan, person.user_id)
    ended, arm = remembered(plan, person)
    if not ended and plan.status in LIVE:
        arm = draws.fresh(plan, person, unit_id=working_group(plan, person), shown=shown)
    return () if arm is None else (arm,)


def remembered(plan: Plan, person: Standing) -> tuple[bool, int | None]:
    """Whether something stored decides, and the arm it decides on (None: an exclusion)."""
    key = _group_key(plan, person)
    for rung in RUNGS[plan.unit, plan.consistency or "experiment"]:
        if rung == OWN_ARM and plan.id in person.arms:
            return True, person.arms[plan.id]
        if rung == GROUP_ARM and key in person.group_arms:
            return True, person.group_arms[key]
        if rung == OWN_EXCLUSION and plan.id in person.exclusions:
            return True, None
        if rung == GROUP_EXCLUSION and key in person.group_exclusions:
            return True, None
    return False, None
