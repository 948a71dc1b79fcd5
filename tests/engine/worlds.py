"""Random small projects and people, dense enough that rules, lists and groups collide. A seed makes a world."""

from random import Random
from typing import Any

from decisions.engine import Subject

NAMES = ["country", "age", "plan", "version", "missing"]
WEIRD = [None, True, False, 0, 1, -1, 18, 18.0, 18.5, 2**53 + 1, 1e300, "", "US", "CA", "18", "true", ["US"], {"a": 1}]
CORES = ["2", "2.1", "2.1.3", "2.1.3.4", "2. 1", "-", "02.1", "9" * 30]
SUFFIXED = ["2.1.3-beta", "2.1.3-rc", "2.1.3+b", "2.1.3-1", "2-x", "2.1.3+1", "2.1.3-", "2.1.3+b-c"]
LIKELY = ["US", "CA", 18, 18.5, True, "2.1.3", "2.1.3-beta"]
VALUES = [*WEIRD, *CORES, *SUFFIXED, *LIKELY * 4]
MATCHES = [
    *("exact", "exact", "exists", "substring", "gt", "ge", "lt", "le", "qualified", "weird", "", None),
    *(f"semver_{name}" for name in ("eq", "gt", "ge", "lt", "le", "ne")),
]
TYPES = ["custom_attribute"] * 9 + ["third_party_dimension", "martian", ""]
AUDIENCES = ["a1", "a2", "a3", "a1", "a2", "a3", "bad", "gone"]
USERS = [f"user{number}" for number in range(25)]
ENDS = [0, 1500, 2500, 5000, 7500, 9999, 10_000, 10_000, 20_000]
PROFILED = ["e1", "e2", "g1", "r1a", "h1"]
REMEMBERED = ["e1v0", "e2v1", "g1v0", "h1v0", "zz", ""]


def some(random: Random, choices: list[Any], most: int) -> list[Any]:
    return [random.choice(choices) for _ in range(random.randint(0, most))]


def leaf(random: Random) -> dict[str, Any]:
    made = {"name": random.choice(NAMES), "type": random.choice(TYPES), "match": random.choice(MATCHES)}
    return made | ({"value": random.choice(VALUES)} if random.random() < 0.9 else {})


def tree(random: Random, leaves: Any, depth: int = 0) -> Any:
    """Mostly well-formed; now and then a list without operator or without children."""
    if depth and (depth > 3 or random.random() < 0.5):
        return leaves(random)
    operator = random.choice([["and"], ["or"], ["not"], ["and"], ["or"], ["not"], []])
    return operator + [tree(random, leaves, depth + 1) for _ in range(random.randint(0 if depth else 1, 3))]


def experiment_conditions(random: Random) -> Any:
    fixed: list[Any] = [None, "", "a1", "gone", [], []]
    return random.choice(fixed) if random.random() < 0.5 else tree(random, lambda chooser: chooser.choice(AUDIENCES))


def allocation(random: Random, entities: list[str]) -> list[dict[str, Any]]:
    owners = [*entities, *entities, "", "nobody"]
    return [{"entityId": random.choice(owners), "endOfRange": end} for end in some(random, ENDS, 3)]


def variation(random: Random, rule_id: str, number: int) -> dict[str, Any]:
    usages = [{"id": random.choice("xy"), "value": random.choice(["1", "z"])}]
    made = {"id": f"{rule_id}v{number}", "key": f"k{number}", "featureEnabled": random.random() < 0.7}
    return made | {"variables": usages if random.random() < 0.5 else []}


def rule(random: Random, rule_id: str, key: str, cmab: bool = True) -> dict[str, Any]:
    variations = [variation(random, rule_id, number) for number in range(random.randint(1, 2))]
    return {
        "id": rule_id,
        "key": key,
        "layerId": f"l{rule_id}",
        "status": "Running",
        "audienceIds": some(random, AUDIENCES, 2),
        "audienceConditions": experiment_conditions(random),
        "variations": variations,
        "trafficAllocation": allocation(random, [each["id"] for each in variations]),
        "forcedVariations": {user: random.choice(["k0", "k1", "nope"]) for user in some(random, USERS, 2)},
        "cmab": {"attributeIds": [], "trafficAllocation": 5000} if cmab and random.random() < 0.1 else None,
    }


def flag(random: Random, number: int) -> dict[str, Any]:
    return {
        "id": f"f{number}",
        "key": f"flag{number}",
        "rolloutId": random.choice(["r1", "r2", "r1", "", "gone"]),
        "experimentIds": some(random, ["e1", "e2", "g1", "g2", "gone"], 3),
        "variables": random.choice([[], [{"id": "x", "key": "x", "type": "integer", "defaultValue": "7"}]]),
    }


def holdout(random: Random, number: int) -> dict[str, Any]:
    lists = {key: some(random, ["f0", "f1"], 1) for key in ("includedFlags", "excludedFlags")}
    return rule(random, f"h{number}", f"out{number}", cmab=False) | lists


def project(random: Random) -> dict[str, Any]:
    """A datafile of three flags over four experiments (two in a group), two rollouts and up to two holdouts."""
    group = {
        "id": "g",
        "policy": random.choice(["random", "random", "overlapping"]),
        "trafficAllocation": allocation(random, ["g1", "g2"]),
        "experiments": [rule(random, each, f"exp_{each}") for each in ("g1", "g2")],
    }
    return {
        "version": "4",
        "typedAudiences": [{"id": each, "conditions": tree(random, leaf)} for each in ("a1", "a2", "a3")],
        "audiences": [{"id": "bad", "conditions": "not json"}],
        "experiments": [rule(random, each, f"exp_{each}") for each in ("e1", "e2")],
        "groups": [group],
        "featureFlags": [flag(random, number) for number in range(3)],
        "rollouts": [
            {"id": "r1", "experiments": [rule(random, each, f"default-{each}") for each in ("r1a", "r1b", "r1c")]},
            {"id": "r2", "experiments": [rule(random, "default-r2", "default-r2")] * random.randint(0, 1)},
        ],
        "holdouts": [holdout(random, number) for number in range(random.choice([0, 0, 1, 2]))],
    }


def subject(random: Random) -> Subject:
    attributes = {name: random.choice([*VALUES, 10**400]) for name in some(random, [*NAMES, "$opt_bucketing_id"], 6)}
    segments = random.choice([None, frozenset(), frozenset({"US", "2.1.3"})])
    return Subject(random.choice(USERS), attributes, segments)


def profile(random: Random) -> dict[str, str] | None:
    return random.choice([None, {each: random.choice(REMEMBERED) for each in some(random, PROFILED, 3)}])
