"""Experiments and features asked for by key in one call (agent contract §4.1). No forced decisions here.

An experiment asked for by its own key is decided alone: holdouts and the flag's order do not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from decisions import deciding, explain, exposing, profiles
from decisions.compile import Snapshot
from decisions.engine import ExperimentDecision, Outcome, Subject
from decisions.explain import Wishes

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
    if tells and not any(_faults(outcome) for outcome in outcomes.values()):
        met = [each for each in outcomes.values() if each.variation_id]
        exposing.note(snapshot, person, met, source=source, now=now)
        exposing.note_experiments(snapshot, person, arms.values(), source=source, now=now)
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
    is_plain = not (wishes.overrides or profiles.remembers_draws(snapshot, service=wishes.profiles))
    if is_plain and not experiments and snapshot.engine.cmab_flag_keys.isdisjoint(flags):
        person, profile = deciding.subject_and_profile(snapshot, subject)
        found = snapshot.engine.decide_all(person, profile=profile, keys=flags)
        return person, dict(zip(flags, found, strict=True)), {}
    person, profile = explain.person(snapshot, subject, wishes)
    decisions = explain.flags(snapshot, person, profile, flags, wishes=wishes, now=now)
    arms = explain.experiments(snapshot, person, profile, experiments, wishes=wishes, now=now)
    outcomes = {key: decision.outcome for key, decision in zip(flags, decisions, strict=True)}
    return person, outcomes, {arm.experiment_key: arm for arm in arms}


def _feature(snapshot: Snapshot, key: str, outcome: Outcome) -> Activation:
    if key not in snapshot.engine.flag_keys:
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
