"""Ladders compiled to closures: the same decisions as `interpreter`, without overrides, forced decisions or reasons."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from decisions.engine import bucketing
from decisions.engine.bucketing import Pick
from decisions.engine.fast_audiences import AudienceCompiler
from decisions.engine.fast_leaves import Memo, Test
from decisions.engine.ladders import Ladder, Rung
from decisions.engine.matching import Attributes
from decisions.engine.model import Group, Rule
from decisions.engine.rules import by_key, cmab_allocation
from decisions.engine.values import Outcome

T = TypeVar("T")
Profile = Mapping[str, str] | None

# Every step takes: user id, bucketing id, attributes, memo, profile.
Step = Callable[[str, str, Attributes, Memo, Profile], T | None]
Decide = Callable[[str, str, Attributes, Memo, Profile], Outcome]

Drawn = tuple[Test | None, Pick[Outcome]]
# A delivery rule: whose arms the caller knows (its id), or how it is drawn.
Targeted = tuple[str, Mapping[str, Outcome], Drawn | None]


class LadderCompiler:
    """Compiles rules against the groups and audiences of one project."""

    def __init__(self, groups: Mapping[str, Group], audiences: AudienceCompiler, given: frozenset[str]) -> None:
        self._groups = groups
        self._audiences = audiences
        self._given = given

    def ladder(self, ladder: Ladder) -> Decide:
        steps: list[Step[Outcome]] = [self._holdout(rung) for rung in ladder.holdouts]
        steps += [self.experiment(rung.rule, rung.arms, rung.failed) for rung in ladder.experiments]
        if ladder.rules:
            steps.append(self._rollout(ladder.rules))
        return _climb(steps, ladder.nothing)

    def experiment(self, rule: Rule, arms: Mapping[str, T], failed: T | None) -> Step[T]:
        """Whitelist, profile, audience, group, traffic. Where a prediction would be needed, `failed`."""
        listed = _listed(rule, arms)
        if rule.id in self._given:
            return _experiment(rule.id, listed, arms, None, _nobody)
        test = self._audiences.test(rule.audience)
        if rule.cmab is not None:
            waiting = {} if failed is None else {"prediction": failed}
            pick = self._in_group(rule, bucketing.compile_allocation(cmab_allocation(rule), rule.id, waiting))
            return _experiment(rule.id, listed, {}, test, pick)
        return _experiment(rule.id, listed, arms, test, self.draw(rule, arms))

    def draw(self, rule: Rule, arms: Mapping[str, T]) -> Pick[T]:
        """Group and traffic alone, from a bucketing id."""
        return self._in_group(rule, bucketing.compile_allocation(rule.allocation, rule.id, arms))

    def _in_group(self, rule: Rule, pick: Pick[T]) -> Pick[T]:
        group = self._groups.get(rule.group_id) if rule.group_id else None
        if group is None:
            return pick
        chosen = bucketing.compile_allocation(group.allocation, group.id, {rule.id: True})
        return lambda unit_id: pick(unit_id) if chosen(unit_id) else None

    def _holdout(self, rung: Rung) -> Step[Outcome]:
        return _experiment(rung.rule.id, {}, {}, self._audiences.test(rung.rule.audience), self.draw(*_parts(rung)))

    def _rollout(self, rungs: Sequence[Rung]) -> Step[Outcome]:
        *targeted, last = rungs
        return _rollout([self._targeted(rung) for rung in targeted], self._drawn(last))

    def _targeted(self, rung: Rung) -> Targeted:
        if rung.rule.id in self._given:
            return rung.rule.id, rung.arms, None
        return "", rung.arms, self._drawn(rung)

    def _drawn(self, rung: Rung) -> Drawn:
        return self._audiences.test(rung.rule.audience), self.draw(*_parts(rung))


def _parts(rung: Rung) -> tuple[Rule, Mapping[str, Outcome]]:
    return rung.rule, rung.arms


def _listed(rule: Rule, arms: Mapping[str, T]) -> dict[str, T]:
    """Listed users with a variation that exists."""
    named = {user: by_key(rule, key) for user, key in rule.whitelist.items()}
    return {user: arms[variation.id] for user, variation in named.items() if variation}


def _climb(steps: Sequence[Step[Outcome]], nothing: Outcome) -> Decide:
    if len(steps) == 1:
        only = steps[0]
        return lambda user, unit, attributes, memo, profile: only(user, unit, attributes, memo, profile) or nothing

    def decide(user: str, unit: str, attributes: Attributes, memo: Memo, profile: Profile) -> Outcome:
        for step in steps:
            outcome = step(user, unit, attributes, memo, profile)
            if outcome is not None:
                return outcome
        return nothing

    return decide


def _experiment(
    rule_id: str, listed: Mapping[str, T], arms: Mapping[str, T], test: Test | None, pick: Pick[T]
) -> Step[T]:
    """One rule: listed users, remembered arms, audience, draw."""

    def step(user: str, unit: str, attributes: Attributes, memo: Memo, profile: Profile) -> T | None:
        if listed and user in listed:
            return listed[user]
        if profile is not None:
            remembered = profile.get(rule_id)
            if remembered is not None and remembered in arms:
                return arms[remembered]
        if test is not None and not test(attributes, memo):
            return None
        return pick(unit)

    return step


def _rollout(targeted: Sequence[Targeted], last: Drawn) -> Step[Outcome]:
    """Delivery rules: the first whose audience holds decides, a miss in its traffic leads to the last rule."""
    if all(drawn is not None for _, _, drawn in targeted):
        return _drawn_rollout([drawn for _, _, drawn in targeted if drawn is not None], *last)
    last_test, last_pick = last

    def step(user: str, unit: str, attributes: Attributes, memo: Memo, profile: Profile) -> Outcome | None:
        for rule_id, arms, drawn in targeted:
            if drawn is None:
                given = arms.get((profile or {}).get(rule_id, ""))
                if given is not None:
                    return given
            elif drawn[0] is None or drawn[0](attributes, memo):
                hit = drawn[1](unit)
                if hit is not None:
                    return hit
                break
        return last_pick(unit) if last_test is None or last_test(attributes, memo) else None

    return step


def _drawn_rollout(targeted: Sequence[Drawn], last_test: Test | None, last_pick: Pick[Outcome]) -> Step[Outcome]:
    """The same where every rule can be drawn."""

    def step(user: str, unit: str, attributes: Attributes, memo: Memo, profile: Profile) -> Outcome | None:
        for test, pick in targeted:
            if test is None or test(attributes, memo):
                hit = pick(unit)
                if hit is not None:
                    return hit
                break
        return last_pick(unit) if last_test is None or last_test(attributes, memo) else None

    return step


def _nobody(unit_id: str) -> None:
    """The draw of a rule whose arms the caller knows."""
    return None
