"""UpGrade's routes that decide: assign, mark, featureflag, reward (upgrade contract §1.2, §3, §4, §6)."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from config.wire.message import Answer
from config.wire.upgrade import items
from config.wire.upgrade.door import UpgradeDoor, described
from config.wire.upgrade.errors import WRONG_PARAMETER, Refused, wrong_body
from config.wire.upgrade.grammar import Call, context, ok, route
from config.wire.upgrade.shapes import NonEmpty, Nothing
from decisions.drawing import assigning
from decisions.enrolments import layout
from decisions.schools import flagging, reporting
from decisions.schools.flagging import Session
from decisions.schools.marking import Marked, Sighting
from users import people


class AssignBody(msgspec.Struct):
    context: NonEmpty


class Payload(msgspec.Struct):
    type: str
    value: str


class Condition(msgspec.Struct):
    id: str
    conditionCode: str
    payload: Payload | None
    experimentId: str


class AssignedPoint(msgspec.Struct):
    target: str | None
    site: str
    experimentType: Literal["Simple", "Factorial"]
    condition: str
    assignedCondition: list[Condition]
    assignedFactor: list[dict[str, dict[str, Any]]] | UnsetType = UNSET


class ShownCondition(msgspec.Struct):
    id: str | None = None
    conditionCode: str | None = None
    experimentId: str | None = None


class Seen(msgspec.Struct):
    """`experimentId` beside `assignedCondition` is the document's place for it; the one inside wins."""

    site: NonEmpty
    target: str
    assignedCondition: ShownCondition | None = None
    experimentId: str | None = None


class MarkBody(msgspec.Struct):
    data: Seen
    status: Literal["condition applied", "condition not applied", "no condition assigned"] | None = None
    uniquifier: str | None = None
    clientError: str | None = None
    context: NonEmpty | None = None


class MarkedPoint(msgspec.Struct):
    id: str
    condition: str | None
    userId: str
    site: str
    target: str
    experimentId: str | None
    enrollmentCode: str | None


@route(AssignBody, said=list[AssignedPoint])
def assign(call: Call[AssignBody]) -> Answer:
    """What a person is given at every decision point of a context. Writes nothing."""
    given = assigning.assign(snapshot=context(call.body.context), user_id=call.user_id, now=datetime.now(UTC))
    return ok(items.render(given))


@route(MarkBody, said=MarkedPoint)
def mark(call: Call[MarkBody]) -> Answer:
    """A person was at a decision point and met a condition. The first mark of a point stands for good."""
    body = call.body
    shown = body.data.assignedCondition or ShownCondition()
    sighting = Sighting(
        user_id=call.user_id,
        site=body.data.site,
        target=body.data.target,
        condition=shown.conditionCode,
        experiment_uid=shown.experimentId or body.data.experimentId or None,
        project_key=body.context,
        status=body.status or "",
        uniquifier=body.uniquifier or "",
    )
    return ok(_marked(sighting, reporting.report(sighting=sighting, now=datetime.now(UTC))))


def _marked(sighting: Sighting, marked: Marked) -> dict[str, Any]:
    return {
        "id": str(marked.uid),
        "condition": marked.condition,
        "userId": marked.user_id,
        "site": sighting.site,
        "target": sighting.target,
        "experimentId": marked.experiment_uid,
        "enrollmentCode": marked.method and layout.code(marked.method),
    }


class FlagsBody(msgspec.Struct):
    context: NonEmpty


class FlagsBodyV6(FlagsBody):
    """Groups of this session come with the word on whether the stored ones count too: both or neither."""

    groupsForSession: dict[str, list[str]] | None = None
    includeStoredUserGroups: bool | None = None


@route(FlagsBody, in_v6=FlagsBodyV6, said=list[str])
def feature_flag(call: Call[FlagsBody]) -> Answer:
    """The keys of the flags that are on for a person."""
    keys = flagging.keys_of(
        snapshot=context(call.body.context), user_id=call.user_id, session=_session(call.body), now=datetime.now(UTC)
    )
    return ok(keys)


def _session(body: FlagsBody) -> Session | None:
    if not isinstance(body, FlagsBodyV6) or (body.groupsForSession is None and body.includeStoredUserGroups is None):
        return None
    if body.groupsForSession is None or body.includeStoredUserGroups is None:
        raise wrong_body()
    return Session(body.groupsForSession, body.includeStoredUserGroups)


class Place(msgspec.Struct):
    site: NonEmpty
    target: str


class RewardBody(msgspec.Struct):
    rewardValue: Literal["SUCCESS", "FAILURE"]
    experimentId: str | None = None
    context: str | None = None
    decisionPoint: Place | None = None


@route(RewardBody, said=dict[str, Any])
def reward(call: Call[RewardBody]) -> Answer:
    """How an adaptive condition fared. There is no adaptive service here: the original's answer without one."""
    body = call.body
    if body.experimentId is None and (body.context is None or body.decisionPoint is None):
        raise wrong_body()
    people.known(user_id=call.user_id)
    raise Refused(400, "Adaptive experiments are not enabled", name="BadRequestError", type=WRONG_PARAMETER)


@route(Nothing, said=str, bare=True)
def clear_db(call: Call[Nothing]) -> Answer:
    """Never clears anything: the original does so only in its demo mode, and refuses with these words otherwise."""
    return ok("DEMO mode is disabled. You cannot clear DB.")


class Decisions(UpgradeDoor):
    assign = described(assign)
    mark = described(mark)
    feature_flag = described(feature_flag)
    reward = described(reward)
    clear_db = described(clear_db)
