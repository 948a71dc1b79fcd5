"""A datafile v4 document into frozen values, as tolerantly as the Agent reads it. Strict checks are in `validation`."""

from collections.abc import Iterator
from dataclasses import replace

from decisions.engine import conditions, gojson
from decisions.engine.errors import InvalidDatafile
from decisions.engine.model import (
    Attribute,
    Audience,
    AudienceRef,
    Branch,
    Cmab,
    Condition,
    Datafile,
    EventType,
    Flag,
    Group,
    Holdout,
    Integration,
    Range,
    Rollout,
    Rule,
    Variable,
    Variation,
)
from decisions.engine.reading import Cursor


def load(document: object) -> Datafile:
    """Read a decoded datafile of version "4" (agent.md 2.1).

    Dangling ids are tolerated and unknown fields ignored; null reads as the zero value. Raises InvalidDatafile with the
    path of the first wrong type, for another version, and for a condition tree that is too deep or too large.
    """
    root = Cursor(document, "")
    if root.text("version") != "4":
        raise InvalidDatafile("version", 'must be "4"')
    attributes = tuple(Attribute(item.text("id"), item.text("key")) for item in root.items("attributes"))
    events = tuple(_event(item) for item in root.items("events"))
    return Datafile(
        account_id=root.text("accountId"),
        project_id=root.text("projectId"),
        revision=root.text("revision"),
        sdk_key=root.text("sdkKey"),
        environment_key=root.text("environmentKey"),
        anonymize_ip=root.claim("anonymizeIP"),
        bot_filtering=root.claim("botFiltering"),
        send_flag_decisions=root.claim("sendFlagDecisions"),
        region=root.text("region") or "US",
        attributes=attributes,
        events=events,
        audiences=tuple(_audiences(root)),
        experiments=tuple(_experiments(root)),
        groups=tuple(_group(item) for item in root.items("groups")),
        flags=tuple(_flag(item) for item in root.items("featureFlags")),
        rollouts=tuple(_rollout(item) for item in root.items("rollouts")),
        holdouts=tuple(_holdout(item) for item in root.items("holdouts") if item.text("status") == "Running"),
        integrations=tuple(_integration(item) for item in root.items("integrations")),
        attribute_ids={attribute.key: attribute.id for attribute in attributes},
        event_ids={event.key: event.id for event in events},
    )


def _event(item: Cursor) -> EventType:
    return EventType(item.text("id"), item.text("key"), item.texts("experimentIds"))


def _integration(item: Cursor) -> Integration:
    return Integration(item.text("key"), item.text("host"), item.text("publicKey"))


def _audiences(root: Cursor) -> Iterator[Audience]:
    """Typed audiences, then the legacy ones that no typed one replaces."""
    seen: set[str] = set()
    for key in ("typedAudiences", "audiences"):
        for item in root.items(key):
            if item.text("id") not in seen:
                seen.add(item.text("id"))
                yield _audience(item)


def _audience(item: Cursor) -> Audience:
    value = item.value.get("conditions")
    tree = conditions.read_audience_tree(value, item.at("conditions"))
    return Audience(item.text("id"), item.text("name"), tree, _text(value, item.at("conditions")))


def _text(value: object, path: str) -> str:
    try:
        return value if isinstance(value, str) else gojson.dumps(value).decode()
    except ValueError as error:
        raise InvalidDatafile(path, str(error)) from None


def _experiments(root: Cursor) -> Iterator[Rule]:
    for item in root.items("experiments"):
        yield read_rule(item)
    for group in root.items("groups"):
        group_id = group.text("id") if group.text("policy") == "random" else ""
        for item in group.items("experiments"):
            yield replace(read_rule(item), group_id=group_id)


def read_rule(item: Cursor) -> Rule:
    """One experiment, delivery rule or holdout. Raises InvalidDatafile."""
    audience_ids = item.texts("audienceIds")
    given = item.value.get("audienceConditions")
    tree = conditions.read_experiment_tree(given, item.at("audienceConditions"))
    return Rule(
        id=item.text("id"),
        key=item.text("key"),
        layer_id=item.text("layerId"),
        status=item.text("status"),
        variations=tuple(_variation(each) for each in item.items("variations")),
        allocation=_allocation(item),
        audience_ids=audience_ids,
        conditions=tree,
        audience=_any_of(audience_ids) if given is None else tree,
        whitelist=item.text_map("forcedVariations"),
        cmab=_cmab(item),
    )


def _any_of(audience_ids: tuple[str, ...]) -> Condition | None:
    return Branch("or", tuple(AudienceRef(each) for each in audience_ids)) if audience_ids else None


def _variation(item: Cursor) -> Variation:
    usages = {usage.text("id"): usage.text("value") for usage in item.items("variables")}
    return Variation(item.text("id"), item.text("key"), item.claim("featureEnabled"), usages)


def _allocation(item: Cursor) -> tuple[Range, ...]:
    return tuple(Range(each.text("entityId"), each.whole("endOfRange")) for each in item.items("trafficAllocation"))


def _cmab(item: Cursor) -> Cmab | None:
    if item.value.get("cmab") is None:
        return None
    cmab = Cursor(item.value["cmab"], item.at("cmab"))
    return Cmab(cmab.texts("attributeIds"), cmab.whole("trafficAllocation"))


def _group(item: Cursor) -> Group:
    return Group(item.text("id"), item.text("policy"), _allocation(item))


def _flag(item: Cursor) -> Flag:
    variables = tuple(_variable(each) for each in item.items("variables"))
    return Flag(item.text("id"), item.text("key"), item.text("rolloutId"), item.texts("experimentIds"), variables)


def _variable(item: Cursor) -> Variable:
    kind = "json" if item.text("type") == "string" and item.text("subType") == "json" else item.text("type")
    return Variable(item.text("id"), item.text("key"), kind, item.text("defaultValue"))


def _rollout(item: Cursor) -> Rollout:
    return Rollout(item.text("id"), tuple(read_rule(each) for each in item.items("experiments")))


def _holdout(item: Cursor) -> Holdout:
    return Holdout(read_rule(item), item.texts("includedFlags"), item.texts("excludedFlags"))
