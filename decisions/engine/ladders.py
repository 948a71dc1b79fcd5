"""What is tried for a flag, in order, with every reference resolved. Trying is done elsewhere, in two ways."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from decisions.engine import reasons
from decisions.engine.model import AudienceRef, Branch, Condition, Datafile, Flag, Holdout, Rule, Variation
from decisions.engine.outcomes import OutcomeMaker
from decisions.engine.values import Outcome, Source


@dataclass(frozen=True, slots=True)
class Rung:
    """A rule with the outcome of each of its variations by id; `failed` is what a missing prediction leads to."""

    rule: Rule
    arms: Mapping[str, Outcome]
    failed: Outcome | None


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a ladder is made of: equal parts make equal ladders. `first` is the number of its first outcome."""

    first: int
    flag: Flag
    holdouts: tuple[Rule, ...]
    experiments: tuple[Rule, ...]
    rules: tuple[Rule, ...]
    has_rollout: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The holdouts, experiments and delivery rules of a flag (agent.md 3.2).

    `variations` are those a forced decision may name, by key. `has_rollout` is false when the flag names none or one
    that does not exist. `nothing` is the outcome when no rung holds.
    """

    parts: Parts
    flag: Flag
    holdouts: tuple[Rung, ...]
    experiments: tuple[Rung, ...]
    rules: tuple[Rung, ...]
    has_rollout: bool
    variations: Mapping[str, Variation]
    nothing: Outcome
    maker: OutcomeMaker

    def outcomes(self) -> Iterator[Outcome]:
        for rung in (*self.holdouts, *self.experiments, *self.rules):
            yield from rung.arms.values()
            if rung.failed:
                yield rung.failed
        yield self.nothing


class LadderBuilder:
    """Builds the ladders of a datafile and numbers their outcomes from 0; a `known` ladder of equal parts is kept."""

    def __init__(self, datafile: Datafile, known: Mapping[str, Ladder]) -> None:
        self._experiments = {rule.id: rule for rule in datafile.experiments}
        self._rollouts = {rollout.id: rollout for rollout in datafile.rollouts}
        self._holdouts = datafile.holdouts
        self._unreadable = {audience.id for audience in datafile.audiences if audience.tree is None}
        self._known = known
        self._count = 0

    def build(self, flag: Flag) -> Ladder:
        parts = self._parts(flag)
        known = self._known.get(flag.key)
        if known is not None and known.parts == parts:
            self._count += sum(1 for _ in known.outcomes())
            return known
        return self._make(parts)

    def _parts(self, flag: Flag) -> Parts:
        rollout = self._rollouts.get(flag.rollout_id)
        rules = rollout.rules if rollout else ()
        experiments = tuple(self._experiments[each] for each in flag.experiment_ids if each in self._experiments)
        holdouts = holdouts_of(flag, self._holdouts)
        errors = self._errors((*holdouts, *experiments, *rules))
        return Parts(self._count, flag, holdouts, experiments, rules, rollout is not None, errors)

    def _make(self, parts: Parts) -> Ladder:
        maker = OutcomeMaker(parts.flag, everyone_else_keys(parts.rules), parts.errors)
        forceable = (variation for rule in (*parts.experiments, *parts.rules) for variation in rule.variations)
        return Ladder(
            parts=parts,
            flag=parts.flag,
            holdouts=tuple(self._rung(maker, rule, "holdout") for rule in parts.holdouts),
            experiments=tuple(self._rung(maker, rule, "feature-test") for rule in parts.experiments),
            rules=tuple(self._rung(maker, rule, "rollout") for rule in parts.rules),
            has_rollout=parts.has_rollout,
            variations=first_by_key(forceable),
            nothing=maker.make(None, None, "none", self._next()),
            maker=maker,
        )

    def _rung(self, maker: OutcomeMaker, rule: Rule, source: Source) -> Rung:
        arms = {each.id: each for each in rule.variations}
        outcomes = {key: maker.make(rule, each, source, self._next()) for key, each in arms.items()}
        needs_prediction = rule.cmab is not None and source == "feature-test"
        failed = maker.failed(reasons.prediction_failed(rule.key), self._next()) if needs_prediction else None
        return Rung(rule, outcomes, failed)

    def _next(self) -> int:
        self._count += 1
        return self._count - 1

    def _errors(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        if not self._unreadable:
            return ()
        used = {each for rule in rules if rule.audience for each in audience_ids(rule.audience)}
        return tuple(reasons.unreadable_audience(each) for each in sorted(used & self._unreadable))


def holdouts_of(flag: Flag, holdouts: tuple[Holdout, ...]) -> tuple[Rule, ...]:
    """Global holdouts first, none of them if any excludes the flag; then those that include it (agent.md 2.1)."""
    everywhere = [each for each in holdouts if not each.included_flags]
    if any(flag.id in each.excluded_flags for each in everywhere):
        everywhere = []
    here = [each for each in holdouts if flag.id in each.included_flags]
    return tuple(each.rule for each in (*everywhere, *here))


def everyone_else_keys(rules: tuple[Rule, ...]) -> frozenset[str]:
    """Keys whose first rule has its id as key and starts with `default-` (agent.md 1.4)."""
    first: dict[str, Rule] = {}
    for rule in rules:
        first.setdefault(rule.key, rule)
    return frozenset(key for key, rule in first.items() if rule.id == key and key.startswith("default-"))


def first_by_key(variations: Iterable[Variation]) -> dict[str, Variation]:
    result: dict[str, Variation] = {}
    for variation in variations:
        result.setdefault(variation.key, variation)
    return result


def audience_ids(condition: Condition) -> Iterator[str]:
    """The ids of all audiences an experiment's tree names."""
    if isinstance(condition, AudienceRef):
        yield condition.audience_id
    elif isinstance(condition, Branch):
        for child in condition.children:
            yield from audience_ids(child)
