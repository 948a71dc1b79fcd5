"""Experiments and features asked for by key in one call (agent contract §4.1). No forced decisions here.

An experiment asked for by its own key is decided alone: holdouts and the flag's order do not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from decisions import deciding
from decisions.agent import explain, exposing, noticing, profiles
from decisions.agent.explain import Wishes
from decisions.compile import Snapshot
from decisions.engine import ExperimentDecision, Outcome, Subject

Role = Literal["experiment", "feature"]


@dataclass(frozen=True, slots=True)
class Activation:
    """What one key came to. `kind` is "" for a key there is nothing for, and then `error` says so."""

    kind: str
    experiment_key: str = ""
    flag_key: str = ""
    variation_key: str = ""
    enabled: bool = False
    variables_json: bytes = b""
    error: str = ""
    faults: tuple[str, ...] = ()


def activate(
    snapshot: Snapshot,
    subject: Subject,
    roles: Mapping[str, Role],
    *,
    wishes: Wishes,
    tells: bool,
    source: str,
    now: datetime,
) -> list[Activation]:
    """Decide every key in the role it is asked in, in order; with `tells` the arms met are recorded as exposures."""
    flags = [key for key, role in roles.items() if role == "feature"]
    experiments = [key for key, role in roles.items() if role == "experiment"]
    person, outcomes, arms = _decide(snapshot, subject, flags, experiments, wishes, now)
    is_whole = not any(_faults(outcome) for outcome in outcomes.values())
    if tells and is_whole:
        met = [each for each in outcomes.values() if each.variation_id]
        exposing.note(snapshot, person, met, source=source, now=now)
        exposing.note_experiments(snapshot, person, arms.values(), source=source, now=now)
    if is_whole and noticing.is_wanted(snapshot):
        who = noticing.person(subject.user_id, subject.attributes or None)
        noticing.experiments(snapshot, who, arms.values())
        noticing.features(snapshot, who, outcomes.values())
    return [
        _feature(snapshot, key, outcomes[key]) if role == "feature" else _experiment(key, arms.get(key))
        for key, role in roles.items()
    ]


def _decide(
    snapshot: Snapshot,
    subject: Subject,
    flags: Sequence[str],
    experiments: Sequence[str],
    wishes: Wishes,
    now: datetime,
) -> tuple[Subject, dict[str, Outcome], dict[str, ExperimentDecision]]:
    """On the fast path where a decision is all that is asked, else by the interpreter."""
    beyond = [
        *(deciding.beyond_flags(snapshot, flags) if flags and snapshot.beyond else ()),
        *deciding.beyond_experiments(snapshot, experiments),
    ]
    if _is_plain(snapshot, flags, experiments, wishes):
        person, profile = deciding.subject_and_profile(snapshot, subject, beyond=beyond)
        found = snapshot.engine.decide_all(person, profile=profile, keys=flags)
        arms = [_arm(snapshot, key, person, profile) for key in experiments]
        outcomes = dict(zip(flags, found, strict=True))
        return person, outcomes, {arm.experiment_key: arm for arm in arms if arm is not None}
    person, profile = explain.person(snapshot, subject, wishes, beyond=beyond)
    decisions = explain.flags(snapshot, person, profile, flags, wishes=wishes)
    told = explain.experiments(snapshot, person, profile, experiments, wishes=wishes)
    explain.keep(snapshot, person, [*decisions, *told], profile, wishes=wishes, now=now)
    outcomes = {key: decision.outcome for key, decision in zip(flags, decisions, strict=True)}
    return person, outcomes, {arm.experiment_key: arm for arm in told}


def _is_plain(snapshot: Snapshot, flags: Sequence[str], experiments: Sequence[str], wishes: Wishes) -> bool:
    if wishes.overrides or profiles.remembers_draws(snapshot, service=wishes.profiles):
        return False
    asked = [snapshot.engine.experiment(key) for key in experiments]
    return snapshot.engine.cmab_flag_keys.isdisjoint(flags) and not any(rule and rule.cmab for rule in asked)


def _arm(snapshot: Snapshot, key: str, person: Subject, profile: deciding.Profile | None) -> ExperimentDecision | None:
    rule = snapshot.engine.experiment(key)
    if rule is None:
        return None
    return ExperimentDecision(
        rule.id, rule.key, rule.layer_id, snapshot.engine.arm(rule.id, person, profile=profile), ()
    )


def _feature(snapshot: Snapshot, key: str, outcome: Outcome) -> Activation:
    if not snapshot.engine.knows(key):
        return Activation("", flag_key=key, error="featureKey not found")
    is_test = outcome.source in ("feature-test", "holdout")
    return Activation(
        "feature",
        experiment_key=outcome.rule_key if is_test else "",
        flag_key=key,
        variation_key=outcome.variation_key if is_test else "",
        enabled=outcome.enabled,
        variables_json=outcome.variables_json,
        faults=_faults(outcome),
    )


def _experiment(key: str, decision: ExperimentDecision | None) -> Activation:
    if decision is None:
        return Activation("", experiment_key=key, error="experimentKey not found")
    variation = decision.variation
    return Activation(
        "experiment",
        experiment_key=key,
        variation_key="" if variation is None else variation.key,
        enabled=variation is not None,
    )


def _faults(outcome: Outcome) -> tuple[str, ...]:
    """What is wrong with the variables; nothing in a datafile that is well."""
    return tuple(text for text in outcome.errors if text not in outcome.bare_errors)
