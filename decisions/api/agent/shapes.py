"""What clients send. Every field may be absent or null, which reads as its zero value (agent contract §1.4)."""

from typing import Any

import msgspec

from config.wire.agent import Refused
from experiments.errors import Invalid

MISSING_USER = 'missing "userId" in request payload'

Attributes = dict[str, Any]


class ForcedDecision(msgspec.Struct):
    flagKey: str | None = None
    ruleKey: str | None = None
    variationKey: str | None = None


class DecideBody(msgspec.Struct):
    userId: str | None = None
    userAttributes: Attributes | None = None
    decideOptions: list[str | None] | None = None
    forcedDecisions: list[ForcedDecision | None] | None = None
    fetchSegments: bool | None = None
    fetchSegmentsOptions: list[str | None] | None = None


class ActivateBody(msgspec.Struct):
    userId: str | None = None
    userAttributes: Attributes | None = None


class OverrideBody(msgspec.Struct):
    userId: str | None = None
    experimentKey: str | None = None
    variationKey: str | None = None


class LookupBody(msgspec.Struct):
    userId: str | None = None


class SaveBody(msgspec.Struct):
    userId: str | None = None
    experimentBucketMap: dict[str, Any] | None = None


def user_in(body: DecideBody | ActivateBody | LookupBody | SaveBody) -> str:
    """The person a body names. Raises Refused (400) when it names none, Invalid for an id no database takes."""
    if not body.userId:
        raise Refused(400, MISSING_USER)
    if "\x00" in body.userId:
        raise Invalid("userId holds characters that cannot be stored", field="userId")
    return body.userId
