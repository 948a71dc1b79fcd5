"""One person, one arm: what is remembered first, the draw after. Every dialect decides through here.

Pure draws live in `decisions.engine`; UpGrade's rules around them in `decisions.drawing.assigning`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from decisions import snapshots
from decisions.compile import Arm, Comparison, Snapshot
from decisions.drawing import assigning, recalling
from decisions.drawing import beyond as arms_beyond
from decisions.engine import Subject
from experiments.errors import Invalid
from experiments.models import Experiment, Project
from users import assignments
from users.models import Assignment

Profile = Mapping[str, str]


def subject_and_profile(
    snapshot: Snapshot, subject: Subject, *, beyond: Collection[Comparison] = ()
) -> tuple[Subject, Profile | None]:
    """The person behind the id, and their remembered arms as `{experiment datafile id: variation datafile id}`.

    No read when no remembered arm of the project can differ from the draw and no aliases exist; one read otherwise.
    `beyond` are experiments that a datafile cannot say: their arms are in the profile too, "" where they are unknown.
    """
    if not snapshot.reads:
        return subject, with_arms_beyond(snapshot, None, subject, beyond=beyond) if beyond else None
    person, profile = _remembered(snapshot, subject)
    return person, with_arms_beyond(snapshot, profile, subject, beyond=beyond)


def with_arms_beyond(
    snapshot: Snapshot, profile: Profile | None, subject: Subject, *, beyond: Collection[Comparison]
) -> Profile | None:
    """The same profile, with what the ladder of UpGrade's rules says of these experiments instead of what it held."""
    if not beyond:
        return profile
    ids = {row.datafile_id for row in beyond}
    kept = {experiment: arm for experiment, arm in (profile or {}).items() if experiment not in ids}
    return {**kept, **arms_beyond.arms_of(snapshot, beyond, subject)}


def beyond_flags(snapshot: Snapshot, flag_keys: Iterable[str] = ()) -> Collection[Comparison]:
    """The experiments that these flags (all, when none is named) name and a datafile cannot say."""
    named = tuple(flag_keys) or snapshot.beyond
    return {row.id: row for key in named for row in snapshot.beyond.get(key, ())}.values()


def beyond_experiments(snapshot: Snapshot, keys: Iterable[str]) -> Collection[Comparison]:
    """The same for experiments named by their own keys."""
    if not snapshot.engine.given:
        return ()
    found = [snapshot.by_key[key] for key in keys if key in snapshot.by_key]
    return [row for row in found if row.datafile_id in snapshot.engine.given]


def _remembered(snapshot: Snapshot, subject: Subject) -> tuple[Subject, Profile]:
    root, arms = recalling.arms_of(
        project_id=snapshot.project_id,
        user_id=subject.user_id,
        experiment_ids=[row.id for row in snapshot.remembering],
    )
    if root != subject.user_id:
        subject = Subject(root, subject.attributes, subject.segments)
    return subject, profile_of(snapshot, arms)


def profile_of(snapshot: Snapshot, arms: Mapping[int, int | None]) -> Profile:
    """Row ids of remembered arms as datafile ids; what the snapshot no longer knows is left out."""
    profile = {}
    for experiment_id, variation_id in arms.items():
        experiment = snapshot.experiments.get(experiment_id)
        arm = None if experiment is None else experiment.arm(variation_id)
        if experiment is not None and arm is not None:
            profile[experiment.datafile_id] = arm.datafile_id
    return profile


def draw(snapshot: Snapshot, experiment: Comparison, subject: Subject) -> Arm | None:
    """The arm the engine gives, remembered arms aside: audience, exclusion group, traffic, weights.

    Of what a datafile cannot say only a plain draw is known without more of the person.
    """
    if not experiment.expressible:
        plan = snapshot.plans.by_id[experiment.id]
        return experiment.arm(plan.pick(subject.user_id)) if plan.is_pure else None
    variation = snapshot.engine.arm(experiment.datafile_id, subject)
    return None if variation is None else experiment.arm_by_datafile_id(variation.id)


def arm(snapshot: Snapshot, experiment: Comparison, subject: Subject) -> Arm | None:
    """The arm a person has in one experiment: remembered, else drawn. None: not in it."""
    if not experiment.expressible:
        return experiment.arm(assigning.arm_in(snapshot, experiment.id, subject.user_id))
    subject, profile = subject_and_profile(snapshot, subject)
    variation = snapshot.engine.arm(experiment.datafile_id, subject, profile=profile)
    return None if variation is None else experiment.arm_by_datafile_id(variation.id)


def remember(
    *,
    project_id: int,
    experiment_id: int,
    user_id: str,
    variation_id: int,
    method: str,
    now: datetime,
    group_id: str = "",
    ip_address: str = "",
) -> tuple[Assignment, bool]:
    """Remember a person's arm (first write wins), so that every dialect answers it from then on.

    Where it differs from the draw, the experiment is marked as one whose remembered arms must be read, and every
    process is told, in the same transaction. Answers the stored row and whether this call made it.
    """
    wish = Wish(experiment_id, user_id, variation_id, method, now, group_id, ip_address)
    return remember_each(project_id=project_id, wishes=[wish])[0]


@dataclass(frozen=True, slots=True)
class Wish:
    """An arm to be remembered for a person."""

    experiment_id: int
    user_id: str
    variation_id: int
    method: str
    now: datetime
    group_id: str = ""
    ip_address: str = ""


def remember_each(*, project_id: int, wishes: Sequence[Wish]) -> list[tuple[Assignment, bool]]:
    """The same for several people of one project, all or none, in the order given."""
    with transaction.atomic():
        snapshot = snapshots.for_project(project_id)
        people = [wish.user_id for wish in wishes]
        roots = assignments.root_ids(user_ids=people) if snapshot.has_aliases else {}
        unread = [wish for wish in wishes if not _is_read(snapshot, wish.experiment_id)]
        if unread:
            snapshot = snapshots.at_least_stored(project_id)
        for wish in unread:
            if differs(snapshot, wish.experiment_id, roots.get(wish.user_id, wish.user_id), wish.variation_id):
                # Before the row is written: the project's lock comes first, everywhere.
                read_remembered(project_id=project_id, experiment_id=wish.experiment_id)
        return assignments.remember_each([_row(wish, roots.get(wish.user_id, wish.user_id)) for wish in wishes])


def _row(wish: Wish, root: str) -> Assignment:
    return Assignment(
        experiment_id=wish.experiment_id,
        variation_id=wish.variation_id,
        unit_type=assignments.USER,
        unit_id=root,
        group_id=wish.group_id,
        ip_address=wish.ip_address,
        method=wish.method,
        assigned_at=wish.now,
    )


def remember_many(
    *, snapshot: Snapshot, experiment_id: int, arms: Mapping[str, int], method: str, now: datetime
) -> Mapping[str, tuple[int, int | None]]:
    """The same for many people at once, in a few statements; `{root user id: variation id}` is what `draw` gave them.

    Answers the stored rows, `{root user id: (assignment id, variation id)}`: whoever had an arm keeps it.
    """
    with transaction.atomic():
        if _draws_by_attributes(snapshot, experiment_id) and not _is_read(snapshot, experiment_id):
            read_remembered(project_id=snapshot.project_id, experiment_id=experiment_id)
        return assignments.remember_many(experiment_id=experiment_id, arms=arms, method=method, now=now)


def _is_read(snapshot: Snapshot, experiment_id: int) -> bool:
    """Whether every decision about this experiment reads what was remembered; that is never taken back."""
    experiment = snapshot.experiments.get(experiment_id)
    return experiment is not None and experiment.remembers


def _draws_by_attributes(snapshot: Snapshot, experiment_id: int) -> bool:
    """Whether what is known of a person decides about their arm, so that it may come out otherwise elsewhere."""
    experiment = snapshot.experiments.get(experiment_id)
    return experiment is None or experiment.row["audience"] is not None


def differs(snapshot: Snapshot, experiment_id: int, user_id: str, variation_id: int) -> bool:
    """Whether some decision about this person could come out otherwise without reading what was remembered."""
    experiment = snapshot.experiments.get(experiment_id)
    if experiment is None or experiment.remembers:
        return experiment is None
    if experiment.row["audience"] is not None:
        return True
    drawn = draw(snapshot, experiment, Subject(user_id, {}))
    return drawn is None or drawn.id != variation_id


def read_remembered(*, project_id: int, experiment_id: int) -> None:
    """From now on decisions about this experiment read what is remembered. Idempotent."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project_id)  # the project first, as in `lifecycle.hold`
        changed = Experiment.objects.filter(pk=experiment_id, remembers_other_arms=False).update(
            remembers_other_arms=True
        )
        if changed:
            snapshots.announce(project_ids=[project_id])


def variation_named(experiment: Comparison, key: str) -> Arm:
    """The arm with this key. Raises Invalid."""
    for candidate in experiment.arms:
        if candidate.key == key:
            return candidate
    raise Invalid(f"{experiment.key} has no variation {key}")
