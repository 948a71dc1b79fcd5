"""A person was at a point and was shown something: remember it, enrol or exclude by it (upgrade contract §4).

Enrolment is decided here, by the server; what the client says it showed is checked and kept, not believed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from decisions import deciding
from decisions.compile import Snapshot
from decisions.drawing import assigning
from decisions.drawing.assigning import Refusal
from decisions.plans import Plan
from decisions.schools import ending, marked_points
from events import ingest
from events.ingest import NewExposure
from experiments import texts
from experiments.errors import NotFound
from users import assignments, exclusions, marks, people, standing
from users.assignments import Unit
from users.exclusions import Code
from users.models import Assignment, PointMark
from users.standing import Standing

NOT_APPLIED = "condition not applied"
OPEN = ("running", "paused")
LONGEST_CONDITION = 100_000
"""A client may name a condition by its payload, which may be a whole document."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a client reports: `condition` is the code it showed, `experiment_uid` and `project_key` where it says so."""

    user_id: str
    site: str
    target: str
    condition: str | None = None
    experiment_uid: str | None = None
    project_key: str | None = None
    status: str = ""
    uniquifier: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """What is stored: `condition` and `experiment_uid` are the first mark's; `method` is how the arm came about."""

    uid: UUID
    user_id: str
    condition: str | None
    experiment_uid: str | None
    method: str | None


def mark(*, sighting: Sighting, now: datetime, uid: UUID | None = None) -> Marked:
    """Store a mark and all that follows from it, in one transaction; the exposure follows the commit.

    A mark that was sent before changes nothing. `uid` is the id that a client was told already. Raises NotFound for an
    unknown user, for a condition the experiment does not have and for an experiment that is not at this point; Invalid
    for texts that cannot be stored.
    """
    check(sighting)
    points = marked_points.at(sighting.site, sighting.target, project_key=sighting.project_key)
    with transaction.atomic():
        people.lock(user_id=sighting.user_id)
        person = standing.read(user_id=sighting.user_id, needs=points.needs)
        if person is None:
            raise NotFound("user", sighting.user_id)
        found = points.choose(sighting.experiment_uid, person, now=now)
        if found is not None:
            found.check_condition(sighting.condition)
        stored, _ = _store(sighting, person, found, now, uid)
        entry = _Entry(sighting, person, found.snapshot, found.plan, stored, now) if found and found.plan else None
        exposure = None if entry is None else _take_part(entry)
    if exposure is not None:
        ingest.store([exposure])
    return _marked(sighting, person, stored, found.experiment_id if found else None)


def check(sighting: Sighting) -> None:
    """Raise Invalid for texts that cannot be stored."""
    texts.check(sighting.user_id, field="userId")
    texts.check(sighting.site, sighting.target, field="site")
    texts.check(sighting.condition, field="conditionCode", longest=LONGEST_CONDITION)
    texts.check(sighting.experiment_uid, field="experimentId", longest=64)
    texts.check(sighting.uniquifier, field="uniquifier")


def _store(
    sighting: Sighting, person: Standing, found: marked_points.Found | None, now: datetime, uid: UUID | None
) -> tuple[PointMark, bool]:
    return marks.first(
        user_row_id=person.row_id,
        site=sighting.site,
        target=sighting.target,
        condition=sighting.condition,
        experiment_uid=found.uid if found else sighting.experiment_uid,
        status=sighting.status,
        now=now,
        uid=uid,
    )


def _marked(sighting: Sighting, person: Standing, stored: PointMark, experiment_id: int | None) -> Marked:
    return Marked(
        uid=stored.uid,
        user_id=person.user_id,
        condition=stored.condition if stored.condition is not None else sighting.condition,
        experiment_uid=stored.experiment_uid,
        method=None if experiment_id is None else person.methods.get(experiment_id),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One mark of one person in one live experiment."""

    sighting: Sighting
    person: Standing
    snapshot: Snapshot
    plan: Plan
    stored: PointMark
    now: datetime

    @property
    def group(self) -> str | None:
        """The group the person works in, when it is one of theirs and of the experiment's type."""
        return assigning.working_group(self.plan, self.person) if self.plan.unit == "group" else None

    @property
    def group_unit(self) -> Unit:
        return Unit(self.group or "", self.plan.group_type)

    @property
    def group_key(self) -> tuple[int, str, str]:
        return self.plan.id, self.plan.group_type, self.group or ""

    @property
    def is_excluded(self) -> bool:
        return self.plan.id in self.person.exclusions

    @property
    def is_enrolled(self) -> bool:
        return self.plan.id in self.person.arms

    @property
    def group_is_decided(self) -> bool:
        return self.group_key in self.person.group_arms or self.group_key in self.person.group_exclusions

    def exclude(self, code: Code) -> None:
        self._keep_out(Unit(self.person.user_id), code)

    def exclude_group(self, code: Code) -> None:
        if self.group is not None:
            self._keep_out(self.group_unit, code)

    def _keep_out(self, unit: Unit, code: Code) -> None:
        exclusions.exclude(experiment_id=self.plan.id, units=[unit], code=code, now=self.now)


def _take_part(entry: _Entry) -> NewExposure | None:
    """Write what the table of contract §4 says; the first line that fits. Answers the exposure to record, if any."""
    plans, person, plan = entry.snapshot.plans, entry.person, entry.plan
    if plan.status not in OPEN or person.user_id in plans.preview_users or not plan.is_open(entry.now):
        return None
    if not entry.snapshot.is_active or assigning.is_excluded_globally(plans, person):
        return None
    refusal = assigning.refusal(plan, person)
    if entry.sighting.status == NOT_APPLIED:
        entry.exclude(Code.EXCLUDED_BY_CLIENT)
    elif refusal is not None:
        _keep_listed_out(entry, refusal)
    elif (plan.status == "paused" and plan.consistency != "experiment") or _comes_too_late(entry):
        _arrive_late(entry)
    else:
        _ENROL[plan.unit](entry)
    return _exposure(entry)


def _comes_too_late(entry: _Entry) -> bool:
    """Whether the last place was taken a moment ago, before this process heard of it."""
    return ending.ends(entry.plan) and not entry.is_enrolled and ending.has_ended(entry.plan)


def _keep_listed_out(entry: _Entry, refusal: Refusal) -> None:
    """Out by a list. A group keeps its class mates out of this experiment only, and only in an experiment of groups."""
    entry.exclude(Code.PARTICIPANT_ON_EXCLUSION_LIST)
    if entry.plan.unit != "group" or refusal.group is None or refusal.reason != "group":
        return
    if refusal.group[0] != entry.plan.group_type:
        entry.exclude_group(Code.EXCLUDED_DUE_TO_GROUP_LOGIC)
        return
    unit = Unit(refusal.group[1], entry.plan.group_type)
    exclusions.exclude(experiment_id=entry.plan.id, units=[unit], code=Code.GROUP_ON_EXCLUSION_LIST, now=entry.now)
    assignments.end(experiment_id=entry.plan.id, unit=unit, now=entry.now)


def _arrive_late(entry: _Entry) -> None:
    """After the end: who has no arm gets none. Somebody who has one keeps it, at every point."""
    if entry.plan.consistency == "experiment":
        return
    if entry.group is not None and not entry.group_is_decided:
        entry.exclude_group(Code.REACHED_AFTER)
    has_group_arm = entry.group_key in entry.person.group_arms
    if not entry.is_enrolled and not entry.is_excluded and not has_group_arm:
        entry.exclude(Code.REACHED_AFTER)


def _enrol_person(entry: _Entry) -> None:
    if entry.is_enrolled or entry.is_excluded:
        return
    arm = _arm(entry)
    if arm is not None:
        _remember(entry, arm, Assignment.Method.DRAW)


def _enrol_in_group(entry: _Entry) -> None:
    strict = entry.plan.consistency != "experiment"
    if entry.group is None:
        if strict and not entry.is_excluded and not entry.is_enrolled:
            entry.exclude(_group_fault(entry))
        return
    knew_group = entry.group_key in entry.person.group_arms
    if entry.group_key in entry.person.group_exclusions:
        if strict and not entry.is_excluded and not entry.is_enrolled:
            entry.exclude(Code.EXCLUDED_DUE_TO_GROUP_LOGIC)
        return
    arm = _arm(entry)
    if arm is not None and not knew_group:
        arm = _remember_group(entry, arm)
    if arm is not None and not entry.is_enrolled and not entry.is_excluded:
        _remember(entry, arm, Assignment.Method.GROUP if knew_group else Assignment.Method.DRAW)


def _group_fault(entry: _Entry) -> Code:
    kind = entry.plan.group_type
    has_both = (entry.person.groups or {}).get(kind) and (entry.person.working_groups or {}).get(kind)
    return Code.INVALID_GROUP_OR_WORKING_GROUP if has_both else Code.NO_GROUP_SPECIFIED


def _enrol_within(entry: _Entry) -> None:
    """Nobody gets one arm: the person is enrolled once, and every meeting is counted."""
    if entry.is_excluded:
        return
    if not entry.is_enrolled:
        stored, _ = assignments.remember(
            experiment_id=entry.plan.id,
            unit=Unit(entry.person.user_id),
            variation_id=None,
            method=Assignment.Method.DRAW,
            now=entry.now,
        )
        _enrolled(entry, stored)


_ENROL: dict[str, Callable[[_Entry], None]] = {
    "individual": _enrol_person,
    "group": _enrol_in_group,
    "within_subjects": _enrol_within,
}


def _arm(entry: _Entry) -> int | None:
    """The arm by the rules of `assign`; where the draw depends on counts, the one that was shown."""
    code = entry.sighting.condition
    shown = entry.plan.arm_coded(code) if code is not None else None
    arms = assigning.arms_of(entry.plan, entry.person, shown=shown.id if shown else None)
    return arms[0] if arms else None


def _remember(entry: _Entry, variation_id: int, method: str) -> None:
    stored, _ = deciding.remember(
        project_id=entry.snapshot.project_id,
        experiment_id=entry.plan.id,
        user_id=entry.person.user_id,
        variation_id=variation_id,
        method=method,
        now=entry.now,
        group_id=entry.group or "",
    )
    _enrolled(entry, stored)


def _enrolled(entry: _Entry, stored: Assignment) -> None:
    entry.person.arms[entry.plan.id] = stored.variation_id
    entry.person.methods[entry.plan.id] = stored.method
    ending.check(plan=entry.plan, now=entry.now)


def _remember_group(entry: _Entry, variation_id: int) -> int | None:
    """The group's arm: the first to come decides for all, whatever each would have drawn."""
    stored, _ = assignments.remember(
        experiment_id=entry.plan.id,
        unit=entry.group_unit,
        variation_id=variation_id,
        method=Assignment.Method.DRAW,
        now=entry.now,
    )
    entry.person.group_arms[entry.group_key] = stored.variation_id
    return stored.variation_id


def _exposure(entry: _Entry) -> NewExposure | None:
    """A person met an arm: once per point and arm, or once per meeting within subjects."""
    if not entry.is_enrolled or entry.sighting.status == NOT_APPLIED:
        return None
    if entry.plan.unit != "within_subjects":
        arm_id = entry.person.arms[entry.plan.id]
        return _met(entry, arm_id, f"{entry.stored.uid}/{arm_id}")
    arm = entry.plan.arm_coded(entry.sighting.condition or "")
    if arm is None or entry.plan.status != "running":
        return None
    meeting = marks.repeat(mark=entry.stored, variation_id=arm.id, uniquifier=entry.sighting.uniquifier, now=entry.now)
    return _met(entry, arm.id, f"{entry.stored.uid}:{meeting.pk}")


def _met(entry: _Entry, variation_id: int | None, uuid: str) -> NewExposure | None:
    arm = entry.plan.arm(variation_id)
    if arm is None:
        return None
    return NewExposure(
        project_id=entry.snapshot.project_id,
        source="upgrade",
        user_id=entry.person.user_id,
        occurred_at=entry.now,
        received_at=entry.now,
        experiment_id=entry.plan.id,
        variation_id=arm.id,
        rule_key=entry.plan.key,
        rule_type="feature-test",
        variation_key=arm.key,
        uuid=uuid,
        payload={"site": entry.sighting.site, "target": entry.sighting.target},
    )
