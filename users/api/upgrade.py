"""UpGrade's routes about people: init, groups, aliases (upgrade contract §1.2, §6)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from config.wire.message import Answer
from config.wire.upgrade.door import UpgradeDoor, described
from config.wire.upgrade.grammar import Call, ok, route
from config.wire.upgrade.shapes import Groups, WorkingGroups
from decisions.schools import aliasing
from users import people
from users.models import ExperimentUser
from users.people import Change


class InitBody(msgspec.Struct):
    group: Groups | UnsetType | None = UNSET
    workingGroup: WorkingGroups | UnsetType | None = UNSET


class InitBodyV6(InitBody, forbid_unknown_fields=True):
    """v6 refuses keys it does not know, even `id`."""


class GroupBody(msgspec.Struct):
    group: Groups | UnsetType | None = UNSET


class WorkingGroupBody(msgspec.Struct):
    workingGroup: WorkingGroups


class AliasesBody(msgspec.Struct):
    aliases: list[str]


class Person(msgspec.Struct):
    id: str
    group: Groups | UnsetType | None = UNSET
    workingGroup: WorkingGroups | UnsetType | None = UNSET


class Aliases(msgspec.Struct):
    """`userAliases` is the document's name for what the original calls `aliases`."""

    userId: str
    aliases: list[str]
    userAliases: list[str]


@route(InitBody, in_v6=InitBodyV6, said=Person, user_key="id")
def init(call: Call[InitBody]) -> Answer:
    """Create or update a person. Fields that were not sent stay as they were; null is kept as null."""
    person = people.register(user_id=call.user_id, change=_change(call.body), now=datetime.now(UTC))
    return ok({"id": person.external_id, **_groups(person), **_working_groups(person)})


@route(GroupBody, said=Person, user_key="id")
def group_membership(call: Call[GroupBody]) -> Answer:
    """Set the groups a person belongs to. What they were given stays."""
    person = people.update(user_id=call.user_id, change=_change(call.body), now=datetime.now(UTC))
    return ok({"id": person.external_id, **_groups(person)})


@route(WorkingGroupBody, said=Person, user_key="id")
def working_group(call: Call[WorkingGroupBody]) -> Answer:
    """Set the groups a person works in now. What they keep follows each experiment's consistency."""
    person = people.update(user_id=call.user_id, change=_change(call.body), now=datetime.now(UTC))
    return ok({"id": person.external_id, **_working_groups(person)})


@route(AliasesBody, said=Aliases)
def user_aliases(call: Call[AliasesBody]) -> Answer:
    """Give a person more ids, all or none. `userId` in the answer is the person's own."""
    user_id, aliases = aliasing.add(user_id=call.user_id, aliases=call.body.aliases)
    return ok({"userId": user_id, "aliases": aliases, "userAliases": aliases})


def _change(body: Any) -> Change:
    groups = getattr(body, "group", UNSET)
    working = getattr(body, "workingGroup", UNSET)
    return Change(
        sends_groups=groups is not UNSET,
        groups=None if groups is UNSET else groups,
        sends_working_groups=working is not UNSET,
        working_groups=None if working is UNSET else working,
    )


def _groups(person: ExperimentUser) -> dict[str, Any]:
    return {"group": person.groups} if person.knows_groups else {}


def _working_groups(person: ExperimentUser) -> dict[str, Any]:
    return {"workingGroup": person.working_groups} if person.knows_working_groups else {}


class People(UpgradeDoor):
    init = described(init)
    group_membership = described(group_membership)
    working_group = described(working_group)
    user_aliases = described(user_aliases)
