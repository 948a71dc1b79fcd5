"""Which of UpGrade's feature flags are on for a person (upgrade contract §6)."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from decisions import datafiles, deciding
from decisions.compile import Snapshot
from decisions.drawing import assigning, recalling
from decisions.engine import Subject
from decisions.plans import PlannedFlag
from events import ingest
from events.ingest import NewExposure
from experiments import texts
from experiments.errors import NotFound
from users import standing
from users.standing import Needs, Standing

NOTED = 100_000


@dataclass(frozen=True, slots=True)
class Session:
    """Groups of this session only. `includes_stored`: beside the stored ones, else instead of them."""

    groups: Mapping[str, list[str]]
    includes_stored: bool


def keys_of(*, snapshot: Snapshot, user_id: str, session: Session | None, now: datetime) -> list[str]:
    """The keys that are on, and a note that the person met them.

    Raises NotFound for an unknown user, unless the session alone says who it is.
    """
    texts.check(user_id, field="User-Id")
    for kind, ids in session.groups.items() if session else ():
        texts.check(kind, *ids, field="groupsForSession")
    person = _person(snapshot.plans.flag_needs, user_id, session)
    if not snapshot.is_active or assigning.is_excluded_globally(snapshot.plans, person):
        return []
    given = [flag for flag in snapshot.plans.flags if _is_on(snapshot, flag, person, now)]
    _note(snapshot, given, person.user_id, now)
    return [flag.key for flag in given]


def _person(needs: Needs, user_id: str, session: Session | None) -> Standing:
    if session is not None and not session.includes_stored:
        return recalling.visitor(user_id=user_id, groups=session.groups, needs=needs)
    person = recalling.person(user_id=user_id, needs=needs)
    if person is None:
        raise NotFound("user", user_id)
    if session is not None:
        person.groups = _union(person.groups or {}, session.groups)
        if person.is_known:
            standing.read_segments(person)
    return person


def _union(stored: Mapping[str, list[str]], session: Mapping[str, list[str]]) -> dict[str, list[str]]:
    kinds = [*stored, *(kind for kind in session if kind not in stored)]
    return {kind: list(dict.fromkeys([*stored.get(kind, ()), *session.get(kind, ())])) for kind in kinds}


def _is_on(snapshot: Snapshot, flag: PlannedFlag, person: Standing, now: datetime) -> bool:
    """On, and let in by its lists; a flag that is not simply on for everybody is decided by the engine."""
    if not datafiles.is_on(flag.row, now=now):
        return False
    if not person.is_known and (flag.excluded or not flag.lets_all_in):
        return False
    if assigning.list_refusal(flag.included, flag.excluded, person, lets_all_in=flag.lets_all_in) is not None:
        return False
    if flag.is_plain:
        return True
    profile = deciding.profile_of(snapshot, person.arms)
    return snapshot.engine.decide(flag.key, Subject(person.user_id, {}), profile=profile).enabled


_noted: OrderedDict[UUID, None] = OrderedDict()


def _note(snapshot: Snapshot, flags: Sequence[PlannedFlag], user_id: str, now: datetime) -> None:
    """One exposure per flag and person, ever: the log drops a second one; this process does not even send it."""
    ids = {uuid5(UUID(flag.uid), user_id): flag for flag in flags}
    fresh = {uid: flag for uid, flag in ids.items() if uid not in _noted}
    if not fresh:
        return
    ingest.note([_exposure(snapshot, flag, user_id, str(uid), now) for uid, flag in fresh.items()])
    for uid in fresh:
        _noted[uid] = None
    while len(_noted) > NOTED:
        _noted.popitem(last=False)


def _exposure(snapshot: Snapshot, flag: PlannedFlag, user_id: str, uuid: str, now: datetime) -> NewExposure:
    return NewExposure(
        project_id=snapshot.project_id,
        source="upgrade",
        user_id=user_id,
        occurred_at=now,
        received_at=now,
        flag_key=flag.key,
        rule_type="flag",
        uuid=uuid,
    )
