"""The datafile and the people that are measured with: flags that are each one A/B test and one roll-out."""

import random
from typing import Any

ATTRIBUTES = ("country", "plan", "age", "beta", "version", "visits", "email")
COUNTRIES = ("DE", "US", "FR", "IN", "BR")


def datafile(*, flags: int, audiences: int = 12, sdk_key: str = "benchkey") -> dict[str, Any]:
    """`flags` flags: an A/B experiment (two shared audiences, 80 % traffic), a targeted rule and everyone else."""
    dice = random.Random(7)
    shared = [_audience(number, dice) for number in range(max(audiences, 2))]
    experiments = [_experiment(number, shared, dice) for number in range(flags)]
    return {
        "version": "4",
        "accountId": "1",
        "projectId": "2",
        "revision": "3",
        "sdkKey": sdk_key,
        "environmentKey": "production",
        "anonymizeIP": True,
        "botFiltering": False,
        "sendFlagDecisions": True,
        "attributes": [{"id": str(100 + at), "key": key} for at, key in enumerate(ATTRIBUTES)],
        "events": [{"id": "900", "key": "purchase", "experimentIds": []}],
        "audiences": [],
        "typedAudiences": shared,
        "experiments": experiments,
        "groups": [],
        "featureFlags": [_flag(number) for number in range(flags)],
        "rollouts": [_rollout(number, shared, dice) for number in range(flags)],
        "variables": [],
        "integrations": [],
        "holdouts": [],
    }


def people(count: int) -> list[tuple[str, dict[str, Any]]]:
    """User ids with five to seven attributes each."""
    dice = random.Random(11)
    found = []
    for number in range(count):
        attributes: dict[str, Any] = {
            "country": dice.choice(COUNTRIES),
            "plan": dice.choice(("free", "pro", "team")),
            "age": dice.randrange(12, 80),
            "beta": dice.random() < 0.5,
            "version": f"{dice.randrange(1, 4)}.{dice.randrange(10)}.{dice.randrange(10)}",
            "visits": dice.randrange(100),
            "email": f"u{number}@example.org",
        }
        for key in dice.sample(ATTRIBUTES, dice.randrange(3)):
            del attributes[key]
        found.append((f"user-{number:07d}", attributes))
    return found


def _audience(number: int, dice: random.Random) -> dict[str, Any]:
    leaves = [
        _leaf("country", "exact", dice.choice(COUNTRIES)),
        _leaf("age", "gt", dice.randrange(15, 40)),
        _leaf("plan", "exact", dice.choice(("free", "pro"))),
        _leaf("beta", "exact", True),
        _leaf("version", "semver_ge", f"{dice.randrange(1, 3)}.0"),
        _leaf("visits", "lt", dice.randrange(20, 90)),
        _leaf("email", "substring", "@example"),
    ]
    picked = dice.sample(leaves, 3)
    return {
        "id": str(5000 + number),
        "name": f"audience {number}",
        "conditions": ["and", ["or", picked[0], picked[1]], ["not", picked[2]] if number % 3 == 0 else picked[2]],
    }


def _leaf(name: str, match: str, value: object) -> dict[str, Any]:
    return {"name": name, "match": match, "type": "custom_attribute", "value": value}


def _rule(rule_id: str, key: str, arms: list[str], audience_ids: list[str], traffic: int) -> dict[str, Any]:
    step = traffic // len(arms)
    return {
        "id": rule_id,
        "key": key,
        "layerId": rule_id,
        "status": "Running",
        "variations": [
            {"id": f"{rule_id}{at}", "key": arm, "featureEnabled": arm != "off", "variables": []}
            for at, arm in enumerate(arms)
        ],
        "trafficAllocation": [{"entityId": f"{rule_id}{at}", "endOfRange": step * (at + 1)} for at in range(len(arms))],
        "audienceIds": audience_ids,
        "audienceConditions": ["or", *audience_ids] if audience_ids else [],
        "forcedVariations": {},
    }


def _experiment(number: int, shared: list[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    audience_ids = [each["id"] for each in dice.sample(shared, 2)]
    made = _rule(str(20000 + number), f"exp_{number}", ["control", "treatment"], audience_ids, 8000)
    made["variations"][1]["variables"] = [{"id": f"{70000 + number}0", "value": "on the treatment side"}]
    return made


def _flag(number: int) -> dict[str, Any]:
    types = (
        ("title", "string", "hello"),
        ("limit", "integer", "10"),
        ("ratio", "double", "0.5"),
        ("dark", "boolean", "true"),
    )
    return {
        "id": str(10000 + number),
        "key": f"flag_{number}",
        "rolloutId": str(30000 + number),
        "experimentIds": [str(20000 + number)],
        "variables": [
            {"id": f"{70000 + number}{at}", "key": key, "type": kind, "defaultValue": default}
            for at, (key, kind, default) in enumerate(types)
        ],
    }


def _rollout(number: int, shared: list[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    targeted = _rule(str(40000 + number), f"rule_{number}", ["on"], [dice.choice(shared)["id"]], 5000)
    last = _rule(f"default-{number}", f"default-{number}", ["off"], [], 10000)
    return {"id": str(30000 + number), "experiments": [targeted, last]}
