"""The people in experiments: who they are, which groups they are in, which other ids they have.

The only writer of `ExperimentUser.groups`, `.working_groups` and `UserAlias`. Arms are in `users.assignments`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from experiments import texts
from experiments.errors import Conflict, NotFound
from users import moves
from users.models import ExperimentUser, UserAlias

Groups = Mapping[str, list[str]]
WorkingGroups = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a client says about a person's groups. A field that was not sent stays as it is; null is kept as null."""

    sends_groups: bool = False
    groups: Groups | None = None
    sends_working_groups: bool = False
    working_groups: WorkingGroups | None = None


def register(*, user_id: str, change: Change, now: datetime) -> ExperimentUser:
    """Introduce a person, or change what is known of them. Through an alias it is the person who changes.

    Raises Invalid for texts that cannot be stored.
    """
    _check(user_id, change)
    with transaction.atomic():
        person = _locked(user_id)
        if person is None:
            person, made = ExperimentUser.objects.get_or_create(external_id=user_id, defaults=_known(change))
            if made:
                return person
            person = ExperimentUser.objects.select_for_update().get(pk=person.pk)
        return _apply(person, change, now=now, counts_first=False)


def update(*, user_id: str, change: Change, now: datetime) -> ExperimentUser:
    """The same for somebody who must be known. Raises NotFound."""
    _check(user_id, change)
    with transaction.atomic():
        person = _locked(user_id)
        if person is None:
            raise NotFound("user", user_id)
        return _apply(person, change, now=now, counts_first=True)


def known(*, user_id: str) -> ExperimentUser:
    """The person behind an id. Raises NotFound."""
    person = _found(user_id)
    if person is None:
        raise NotFound("user", user_id)
    return person


def lock(*, user_id: str) -> None:
    """Hold the person behind an id until the transaction ends: two requests about one person take turns.

    Raises NotFound.
    """
    root = UserAlias.objects.filter(alias=user_id).values("user_id")[:1]
    own = ExperimentUser.objects.filter(external_id=user_id).values("pk")[:1]
    held = ExperimentUser.objects.select_for_update().filter(pk=Coalesce(Subquery(root), Subquery(own)))
    if held.values_list("pk", flat=True).order_by("pk").first() is None:
        raise NotFound("user", user_id)


def add_aliases(*, user_id: str, aliases: Sequence[str]) -> tuple[str, list[str]]:
    """Give a person more ids, all or none; answers the person's own id and the given ones, those already theirs first.

    Raises NotFound, and Conflict when an id is somebody else's, a person's own, or this person's own.
    """
    texts.check(*aliases, field="aliases")
    wanted = list(dict.fromkeys(aliases))
    with transaction.atomic():
        person = _locked(user_id)
        if person is None:
            raise NotFound("user", user_id)
        owners = dict(UserAlias.objects.filter(alias__in=wanted).values_list("alias", "user_id"))
        people = set(ExperimentUser.objects.filter(external_id__in=wanted).values_list("external_id", flat=True))
        taken = [alias for alias in wanted if alias in people or owners.get(alias, person.pk) != person.pk]
        if taken:
            raise Conflict(f"These ids are users already or aliases of other users: {taken}")
        fresh = [alias for alias in wanted if alias not in owners]
        _make_aliases(person, fresh)
        return person.external_id, [alias for alias in wanted if alias in owners] + fresh


def _make_aliases(person: ExperimentUser, aliases: Sequence[str]) -> None:
    try:
        with transaction.atomic():
            UserAlias.objects.bulk_create([UserAlias(alias=alias, user=person) for alias in aliases])
    except IntegrityError as error:
        raise Conflict(f"These ids have just become aliases of another user: {list(aliases)}") from error


def _found(user_id: str) -> ExperimentUser | None:
    alias = UserAlias.objects.filter(alias=user_id).select_related("user").first()
    return alias.user if alias else ExperimentUser.objects.filter(external_id=user_id).first()


def _locked(user_id: str) -> ExperimentUser | None:
    person = _found(user_id)
    return None if person is None else ExperimentUser.objects.select_for_update().get(pk=person.pk)


def _apply(person: ExperimentUser, change: Change, *, now: datetime, counts_first: bool) -> ExperimentUser:
    """`counts_first`: a first working group is a move too (contract §3.7)."""
    before = person.working_groups
    for name, value in _known(change, existing=person.groups).items():
        setattr(person, name, value)
    person.save(update_fields=["groups", "working_groups", "knows_groups", "knows_working_groups", "updated_at"])
    after = person.working_groups
    if change.sends_working_groups and after is not None and (before is not None or counts_first):
        moves.settle(user_id=person.external_id, before=before or {}, after=after, now=now)
    return person


def _known(change: Change, *, existing: Any = None) -> dict[str, Any]:
    """Fields to store. The original sorts group lists once a person has some."""
    fields: dict[str, Any] = {}
    if change.sends_groups:
        fields |= {"groups": _sorted(change.groups) if existing else change.groups, "knows_groups": True}
    if change.sends_working_groups:
        fields |= {"working_groups": change.working_groups, "knows_working_groups": True}
    return fields


def _sorted(groups: Groups | None) -> Groups | None:
    return None if groups is None else {kind: sorted(ids) for kind, ids in groups.items()}


def _check(user_id: str, change: Change) -> None:
    texts.check(user_id, field="id")
    for kind, ids in (change.groups or {}).items():
        texts.check(kind, field="group", longest=64)
        texts.check(*ids, field="group")
    for kind, group_id in (change.working_groups or {}).items():
        texts.check(kind, field="workingGroup", longest=64)
        texts.check(group_id, field="workingGroup")


def described(*, row_id: int) -> dict[str, Any]:
    """A person as UpGrade shows one inside other answers."""
    person = ExperimentUser.objects.get(pk=row_id)
    return {
        "id": person.external_id,
        "requestedUserId": person.external_id,
        "group": person.groups,
        "workingGroup": person.working_groups,
    }


def bring(groups: Mapping[str, Mapping[str, str]]) -> tuple[int, dict[str, int]]:
    """Make sure that these people are known, the new ones with the working groups given by type.

    Answers how many are new, and everybody's row id. Who is known already keeps what is known of them.
    """
    there = dict(ExperimentUser.objects.filter(external_id__in=groups).values_list("external_id", "pk"))
    fresh = [_brought(user_id, working) for user_id, working in groups.items() if user_id not in there]
    ExperimentUser.objects.bulk_create(fresh, ignore_conflicts=True)
    names = [person.external_id for person in fresh]
    there |= dict(ExperimentUser.objects.filter(external_id__in=names).values_list("external_id", "pk"))
    return len(fresh), there


def _brought(user_id: str, working: Mapping[str, str]) -> ExperimentUser:
    if not working:
        return ExperimentUser(external_id=user_id)
    return ExperimentUser(
        external_id=user_id,
        groups={kind: [group] for kind, group in working.items()},
        working_groups=dict(working),
        knows_groups=True,
        knows_working_groups=True,
    )
