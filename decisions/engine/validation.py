"""The strict reading of a datafile, for uploads: everything that is wrong, at once. Loading stays tolerant."""

from collections.abc import Iterable, Iterator
from itertools import chain

from decisions.engine import conditions
from decisions.engine.bucketing import SLOTS
from decisions.engine.datafile import load
from decisions.engine.errors import Fault, InvalidDatafile
from decisions.engine.reading import Cursor

_UNIQUE_IDS = ("attributes", "events", "audiences", "typedAudiences", "groups", "featureFlags", "rollouts", "holdouts")
_UNIQUE_KEYS = ("attributes", "events", "featureFlags")


def validate(document: object) -> list[Fault]:
    """Check what the Python SDK and a careful reader would refuse (agent.md 2.1, 2.2).

    Dangling rollout, experiment, variation, flag and audience ids; duplicate or empty ids, and keys where a key alone
    is looked up (two experiments may share one); allocations that fall or leave 0..10000; `conditions` texts that are
    not JSON. A document that cannot be loaded at all yields the one fault that stops it.
    """
    try:
        load(document)
    except InvalidDatafile as refusal:
        return [Fault(refusal.path, refusal.message)]
    root = Cursor(document, "")
    checks = (_duplicates, _flags, _rules, _groups, _events, _conditions, _holdout_flags)
    return [fault for check in checks for fault in check(root)]


def _ids(items: Iterable[Cursor]) -> set[str]:
    return {item.text("id") for item in items}


def _experiments(root: Cursor) -> Iterator[Cursor]:
    nested = (group.items("experiments") for group in root.items("groups"))
    return chain(root.items("experiments"), *nested)


def _all_rules(root: Cursor) -> Iterator[Cursor]:
    nested = (rollout.items("experiments") for rollout in root.items("rollouts"))
    return chain(_experiments(root), root.items("holdouts"), *nested)


def _duplicates(root: Cursor) -> Iterator[Fault]:
    for name in _UNIQUE_IDS:
        yield from _repeated(root.items(name), "id")
    for name in _UNIQUE_KEYS:
        yield from _repeated(root.items(name), "key")
    yield from _repeated(_experiments(root), "id")
    for rollout in root.items("rollouts"):
        yield from _repeated(rollout.items("experiments"), "id")
    for rule in _all_rules(root):
        yield from _repeated(rule.items("variations"), "id")
        yield from _repeated(rule.items("variations"), "key")


def _repeated(items: Iterable[Cursor], field: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for item in items:
        value = item.text(field)
        if not value:
            yield Fault(item.at(field), "must not be empty")
        elif value in seen:
            yield Fault(item.at(field), f'"{value}" occurs twice')
        seen.add(value)


def _flags(root: Cursor) -> Iterator[Fault]:
    rollouts, experiments = _ids(root.items("rollouts")), _ids(_experiments(root))
    for flag in root.items("featureFlags"):
        if flag.text("rolloutId") not in rollouts | {""}:
            yield Fault(flag.at("rolloutId"), f'there is no rollout "{flag.text("rolloutId")}"')
        yield from _dangling(flag, "experimentIds", experiments, "experiment")
        yield from _repeated(flag.items("variables"), "id")
        yield from _repeated(flag.items("variables"), "key")


def _events(root: Cursor) -> Iterator[Fault]:
    experiments = _ids(_experiments(root))
    for event in root.items("events"):
        yield from _dangling(event, "experimentIds", experiments, "experiment")


def _holdout_flags(root: Cursor) -> Iterator[Fault]:
    flags = _ids(root.items("featureFlags"))
    for holdout in root.items("holdouts"):
        yield from _dangling(holdout, "includedFlags", flags, "flag")
        yield from _dangling(holdout, "excludedFlags", flags, "flag")


def _dangling(item: Cursor, field: str, known: set[str], what: str) -> Iterator[Fault]:
    for position, each in enumerate(item.texts(field)):
        if each not in known:
            yield Fault(f"{item.at(field)}[{position}]", f'there is no {what} "{each}"')


def _rules(root: Cursor) -> Iterator[Fault]:
    audiences = _ids(chain(root.items("audiences"), root.items("typedAudiences")))
    for rule in _all_rules(root):
        yield from _allocation(rule, _ids(rule.items("variations")), "variation")
        yield from _dangling(rule, "audienceIds", audiences, "audience")
        yield from _audience_refs(rule.value.get("audienceConditions"), rule.at("audienceConditions"), audiences)


def _groups(root: Cursor) -> Iterator[Fault]:
    for group in root.items("groups"):
        yield from _allocation(group, _ids(group.items("experiments")), "experiment")


def _allocation(item: Cursor, known: set[str], what: str) -> Iterator[Fault]:
    reached = 0
    for each in item.items("trafficAllocation"):
        end, entity_id = each.whole("endOfRange"), each.text("entityId")
        if not reached <= end <= SLOTS:
            yield Fault(each.at("endOfRange"), f"must lie between {reached} and {SLOTS}")
        if entity_id not in known | {""}:
            yield Fault(each.at("entityId"), f'there is no {what} "{entity_id}"')
        reached = max(reached, end)


def _audience_refs(value: object, path: str, audiences: set[str]) -> Iterator[Fault]:
    if isinstance(value, list):
        for position, child in enumerate(value):
            if position or child not in conditions.OPERATORS:
                yield from _audience_refs(child, f"{path}[{position}]", audiences)
    elif isinstance(value, str) and value and value not in audiences:
        yield Fault(path, f'there is no audience "{value}"')


def _conditions(root: Cursor) -> Iterator[Fault]:
    for item in chain(root.items("audiences"), root.items("typedAudiences")):
        text = item.value.get("conditions")
        if isinstance(text, str) and conditions.decode_conditions(text) is None:
            yield Fault(item.at("conditions"), "must be JSON of a list or an object")
