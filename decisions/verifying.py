"""Two engines asked about the same people: where they differ, and how often. Neither engine is here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from decisions.engine import Engine, Subject

Choice = tuple[str, bool, str]
"""Variation key ("" for none), whether the flag is on, and the key of the rule that decided."""

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Choice]]
"""What an engine decides for one person, by flag key."""

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    user_id: str
    flag_key: str
    ours: Choice | None
    theirs: Choice | None


@dataclass(slots=True)
class Verdict:
    """How many people and decisions were compared, how many differ, and the first of those."""

    people: int = 0
    decisions: int = 0
    differing: int = 0
    first: list[Difference] = field(default_factory=list)


def ours(engine: Engine) -> Ask:
    """Our engine, on its fast path."""

    def ask(user_id: str, attributes: Mapping[str, Any]) -> Mapping[str, Choice]:
        outcomes = engine.decide_all(Subject(user_id, attributes))
        return {each.flag_key: (each.variation_key, each.enabled, each.rule_key) for each in outcomes}

    return ask


def compare(people: Iterable[tuple[str, Mapping[str, Any]]], one: Ask, other: Ask) -> Verdict:
    """Ask both about everybody. Memory does not grow with the number of people."""
    verdict = Verdict()
    for user_id, attributes in people:
        verdict.people += 1
        mine, their = one(user_id, attributes), other(user_id, attributes)
        for flag_key in dict.fromkeys([*mine, *their]):
            verdict.decisions += 1
            if mine.get(flag_key) != their.get(flag_key):
                verdict.differing += 1
                if len(verdict.first) < SHOWN:
                    verdict.first.append(Difference(user_id, flag_key, mine.get(flag_key), their.get(flag_key)))
    return verdict
