"""A published document as a datafile v4: what SDKs download and what the engine compiles (agent contract §2.1).

Pure: a document and an instant in, a dict out. What a datafile cannot say (groups of people, lists, within-subjects,
`seedrandom`) is left out by `is_expressible`; the server itself still knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from decisions.engine import bucketing

Document = Mapping[str, Any]

ACCOUNT_ID = "1"
EVERYONE_ELSE = "default-"


@dataclass(frozen=True, slots=True)
class Naming:
    """What a datafile says of itself; all texts."""

    project_id: str
    sdk_key: str
    environment_key: str
    revision: str


def render(
    document: Document, *, naming: Naming, now: datetime, beyond: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The datafile v4 of an authored project as it holds at `now`.

    `beyond` are experiments that it cannot say: with them it is for this server alone, which knows their arms by other
    means. They stand in the order of their flags without audience, group or traffic.
    """
    said = [row for row in document["experiments"] if is_live(row, now=now) and is_expressible(row, document)]
    running = [*said, *map(_unsaid, beyond)]
    grouped = {row["exclusion_group"] for row in running if row["exclusion_group"] is not None}
    tests = [row for row in running if row["kind"] == "ab_test"]
    values = _values_by_variation(document)
    return {
        "version": "4",
        "accountId": ACCOUNT_ID,
        "projectId": naming.project_id,
        "revision": naming.revision,
        "sdkKey": naming.sdk_key,
        "environmentKey": naming.environment_key,
        "anonymizeIP": True,
        "botFiltering": False,
        "sendFlagDecisions": True,
        "attributes": document["attributes"],
        "events": [{**event, "experimentIds": []} for event in document["events"]],
        "audiences": [],
        "typedAudiences": _audiences(document, running),
        "experiments": [_rule(row, document, values) for row in tests if row["exclusion_group"] is None],
        "groups": [
            _group(group, [row for row in tests if row["exclusion_group"] == group["id"]], document, values)
            for group in document["exclusion_groups"]
            if group["id"] in grouped
        ],
        "featureFlags": [_flag(flag, tests, now=now) for flag in document["flags"]],
        "rollouts": [_rollout(flag, running, document, values, now=now) for flag in document["flags"]],
        "variables": [],
        "integrations": [],
        "holdouts": [],
    }


def beyond(document: Document, *, now: datetime) -> list[Mapping[str, Any]]:
    """The experiments that run at `now` and that `render` leaves out."""
    running = [row for row in document["experiments"] if is_live(row, now=now)]
    return [row for row in running if not is_expressible(row, document)]


def _unsaid(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "audience": None, "exclusion_group": None, "traffic": "0"}


def is_live(experiment: Mapping[str, Any], *, now: datetime) -> bool:
    """Running, and `now` inside its dates (the end excluded)."""
    return experiment["status"] == "running" and is_open(experiment, now=now)


def is_open(experiment: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether its dates let it be given; a paused one has them behind it."""
    return experiment["status"] == "paused" or (_started(experiment, now) and not _ended(experiment, now))


def _started(experiment: Mapping[str, Any], now: datetime) -> bool:
    return experiment["starts_at"] is None or datetime.fromisoformat(experiment["starts_at"]) <= now


def _ended(experiment: Mapping[str, Any], now: datetime) -> bool:
    return experiment["ends_at"] is not None and datetime.fromisoformat(experiment["ends_at"]) <= now


def is_on(flag: Mapping[str, Any], *, now: datetime) -> bool:
    """Running, and today (UTC) inside its days, both included."""
    today = now.astimezone(UTC).date().isoformat()
    started = flag["starts_on"] is None or flag["starts_on"] <= today
    return bool(flag["is_running"] and started and (flag["ends_on"] is None or today <= flag["ends_on"]))


def next_change_at(document: Document, *, now: datetime) -> datetime | None:
    """The next instant at which `render` would answer differently, None when dates change nothing any more."""
    return min((moment for moment in _boundaries(document) if moment > now), default=None)


def changed_at(document: Document, *, now: datetime, published_at: datetime) -> datetime:
    """The last instant at which `render` began to answer as it does at `now`."""
    passed = [moment for moment in _boundaries(document) if published_at < moment <= now]
    return max(passed, default=published_at)


def _boundaries(document: Document) -> list[datetime]:
    instants = [row[end] for row in document["experiments"] for end in ("starts_at", "ends_at") if row[end]]
    moments = [datetime.fromisoformat(text) for text in instants]
    for flag in document["flags"]:
        moments += [_midnight(flag["starts_on"], 0)] if flag["starts_on"] else []
        moments += [_midnight(flag["ends_on"], 1)] if flag["ends_on"] else []
    return moments


def _midnight(day: str, later: int) -> datetime:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), datetime.min.time(), tzinfo=UTC)


def is_expressible(experiment: Mapping[str, Any], document: Document) -> bool:
    """Whether a local SDK that has only the datafile decides this experiment as the server does (design §3)."""
    design = experiment["design"]
    return (
        experiment["bucketing"] == "murmur3"
        and design["unit"] == "individual"
        and design["algorithm"] == "random"
        and design["filter_mode"] == "include_all"
        and not experiment["lists"]
        and (experiment["audience"] is None or _has_rules_only(experiment["audience"], document, frozenset()))
    )


def _has_rules_only(segment_id: int, document: Document, seen: frozenset[int]) -> bool:
    segment = _by_id(document["segments"])[segment_id]
    children = [child for child in segment["children"] if child not in seen]
    return not segment["has_members"] and all(
        _has_rules_only(child, document, seen | {segment_id}) for child in children
    )


def _by_id(rows: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    return {row["id"]: row for row in rows}


def _audiences(document: Document, experiments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    used = {row["audience"] for row in experiments}
    return [
        {
            "id": segment["datafile_id"],
            "name": segment["name"],
            "conditions": conditions_of(segment["id"], document),
        }
        for segment in document["segments"]
        if segment["id"] in used
    ]


def conditions_of(segment_id: int, document: Document, seen: frozenset[int] = frozenset()) -> list[Any]:
    """A segment's own rule or that of any segment in it, as one condition tree; cycles are walked once."""
    segment = _by_id(document["segments"])[segment_id]
    seen = seen | {segment_id}
    own = [_typed(segment["rule"])] if segment["rule"] else []
    nested = [conditions_of(child, document, seen) for child in segment["children"] if child not in seen]
    return ["or", *own, *nested]


def _typed(node: Any) -> Any:
    if isinstance(node, list):
        return [_typed(child) for child in node]
    return {"type": "custom_attribute", **node} if isinstance(node, dict) else node


def _values_by_variation(document: Document) -> dict[int, list[dict[str, str]]]:
    values: dict[int, list[dict[str, str]]] = {}
    for flag in document["flags"]:
        for variable in flag["variables"]:
            for variation_id, value in variable["values"].items():
                values.setdefault(int(variation_id), []).append({"id": variable["id"], "value": value})
    return values


def _rule(row: Mapping[str, Any], document: Document, values: Mapping[int, Any]) -> dict[str, Any]:
    audience = _by_id(document["segments"])[row["audience"]]["datafile_id"] if row["audience"] is not None else None
    return {
        "id": row["datafile_id"],
        "key": row["key"],
        "layerId": row["datafile_id"],
        "status": "Running",
        "variations": [
            {
                "id": arm["datafile_id"],
                "key": arm["key"],
                "featureEnabled": True,
                "variables": values.get(arm["id"], []),
            }
            for arm in row["variations"]
        ],
        "trafficAllocation": allocation(row),
        "audienceIds": [] if audience is None else [audience],
        "audienceConditions": [] if audience is None else ["or", audience],
        "forcedVariations": {},
    }


def allocation(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each arm's full range of slots, filled by traffic from its own start (design §3, Bucketing)."""
    weights = [Decimal(arm["weight"]) for arm in row["variations"]]
    ids = [arm["datafile_id"] for arm in row["variations"]]
    return _ranges(ids, weights, Decimal(row["traffic"]))


def _ranges(ids: Sequence[str], shares: Sequence[Decimal], traffic: Decimal) -> list[dict[str, Any]]:
    """Owned slots as a datafile says them: cumulative ends, with "" for slots that nobody owns."""
    ranges: list[dict[str, Any]] = []
    end = 0
    for entity, (first, last) in zip(ids, bucketing.allocate(shares, traffic), strict=True):
        if first > end:
            ranges.append({"entityId": "", "endOfRange": first})
        if last > first:
            ranges.append({"entityId": entity, "endOfRange": last})
        end = max(last, first)
    return ranges


def _group(
    group: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    document: Document,
    values: Mapping[int, Any],
) -> dict[str, Any]:
    shares = [Decimal(row["exclusion_share"] or "0") for row in members]
    if not any(row["exclusion_share"] for row in members):
        shares = [Decimal(1) / len(members) for _ in members]
    return {
        "id": group["datafile_id"],
        "policy": "random",
        "trafficAllocation": _ranges([row["datafile_id"] for row in members], shares, Decimal(1)),
        "experiments": [_rule(row, document, values) for row in members],
    }


def _flag(flag: Mapping[str, Any], tests: Sequence[Mapping[str, Any]], *, now: datetime) -> dict[str, Any]:
    known = _by_id(tests)
    rules = [known[rule]["datafile_id"] for rule in flag["rules"] if rule in known] if is_on(flag, now=now) else []
    return {
        "id": flag["datafile_id"],
        "key": flag["key"],
        "rolloutId": f"rollout-{flag['datafile_id']}",
        "experimentIds": rules,
        "variables": [
            {"id": row["id"], "key": row["key"], "type": row["type"], "defaultValue": row["default"]}
            for row in flag["variables"]
        ],
    }


def _rollout(
    flag: Mapping[str, Any],
    running: Sequence[Mapping[str, Any]],
    document: Document,
    values: Mapping[int, Any],
    *,
    now: datetime,
) -> dict[str, Any]:
    deliveries = {row["id"]: row for row in running if row["kind"] == "delivery"}
    on = is_on(flag, now=now)
    targeted = [_rule(deliveries[rule], document, values) for rule in flag["rules"] if rule in deliveries and on]
    return {"id": f"rollout-{flag['datafile_id']}", "experiments": [*targeted, _everyone_else(flag, on=on)]}


def _everyone_else(flag: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
    """The last rule: a toggle or roll-out that is on gives its share; everything else is off."""
    gives = on and flag["kind"] != 3
    rule_id = f"{EVERYONE_ELSE}{flag['datafile_id']}"
    arm: dict[str, Any] = {
        "id": f"{'on' if gives else 'off'}-{flag['datafile_id']}",
        "key": "on" if gives else "off",
        "featureEnabled": gives,
        "variables": [],
    }
    share = Decimal(flag["traffic"]) if gives else Decimal(1)
    return {
        "id": rule_id,
        "key": rule_id,
        "layerId": f"rollout-{flag['datafile_id']}",
        "status": "Running",
        "variations": [arm],
        "trafficAllocation": _ranges([str(arm["id"])], [Decimal(1)], share),
        "audienceIds": [],
        "audienceConditions": [],
        "forcedVariations": {},
    }
