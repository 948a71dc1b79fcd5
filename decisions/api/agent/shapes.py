"""What clients send. Every field may be absent or null, which reads as its zero value (agent contract §1.4)."""

from typing import Any

import msgspec

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
