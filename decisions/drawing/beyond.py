"""Arms of experiments that a datafile cannot say, for somebody an Optimizely client asks about. Never a guess.

Groups, lists and strata are what UpGrade clients told of a person. Where an answer hangs on what nobody told, it is
`UNKNOWN`; otherwise it is what UpGrade's own rules give (`assigning`). Pools are not looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from decisions.compile import Comparison, Snapshot
from decisions.drawing import assigning, recalling
from decisions.engine import Subject
from decisions.plans import Plan
from experiments import members
from users.standing import Standing

UNKNOWN = ""


def arms_of(snapshot: Snapshot, experiments: Iterable[Comparison], subject: Subject) -> Mapping[str, str]:
    """`{experiment datafile id: variation datafile id}`, `UNKNOWN` where too little is known; who is out is left out.

    One read; some more for a stranger. While the database is away and the person was never met, only draws that need
    nothing of it are known.
    """
    rows = list(experiments)
    plans = [snapshot.plans.by_id[row.id] for row in rows]
    person = recalling.person(user_id=subject.user_id, needs=snapshot.plans.needs)
    is_stranger = person is None
    if person is None:
        person = assigning.stranger(snapshot, subject.user_id, [row.id for row in rows])
    if not person.is_known:
        return _unhelped(zip(rows, plans, strict=True), subject)
    if assigning.is_excluded_globally(snapshot.plans, person):
        return {}
    grouped = _with_groups(plans) if is_stranger else frozenset()
    arms = [_arm(row, plan, person, subject, is_stranger, grouped) for row, plan in zip(rows, plans, strict=True)]
    return {row.datafile_id: arm for row, arm in zip(rows, arms, strict=True) if arm is not None}


def _arm(
    row: Comparison, plan: Plan, person: Standing, subject: Subject, is_stranger: bool, grouped: frozenset[int]
) -> str | None:
    if not plan.rules_hold and plan.rules is not None and plan.rules(subject.attributes):
        plan = replace(plan, rules_hold=True)
    if _is_unknown(plan, person, is_stranger, grouped):
        return UNKNOWN
    if assigning.refusal(plan, person) is not None:
        return None
    arms = assigning.arms_of(plan, person)
    arm = row.arm(arms[0]) if arms else None
    return None if arm is None else arm.datafile_id


def _is_unknown(plan: Plan, person: Standing, is_stranger: bool, grouped: frozenset[int]) -> bool:
    """Whether the answer hangs on what nobody told: the meeting, the group, the stratum, the memberships."""
    if plan.unit == "within_subjects":
        return True
    if plan.id in person.arms:
        return False
    if plan.unit == "group":
        return assigning.working_group(plan, person) is None
    if not is_stranger:
        return False
    return plan.algorithm == "stratified" or not grouped.isdisjoint(_segments(plan))


def _segments(plan: Plan) -> frozenset[int]:
    return plan.excluded | plan.included | (plan.audience or frozenset())


def _with_groups(plans: Iterable[Plan]) -> frozenset[int]:
    """The segments among those the plans use in which groups are listed; all of them when that cannot be told."""
    used = frozenset(segment for plan in plans for segment in _segments(plan))
    try:
        return members.with_groups(used) if used else used
    except recalling.AWAY:
        recalling.lost()
        return used


def _unhelped(experiments: Iterable[tuple[Comparison, Plan]], subject: Subject) -> Mapping[str, str]:
    """What is known without the database."""
    found = {}
    for row, plan in experiments:
        arm = row.arm(plan.pick(subject.user_id)) if plan.is_pure else None
        if arm is not None or not plan.is_pure:
            found[row.datafile_id] = UNKNOWN if arm is None else arm.datafile_id
    return found
