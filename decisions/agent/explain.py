"""Decisions with their story, by the reference interpreter: reasons, forced decisions, overrides, profiles kept.

Slower than `deciding`, and the only way to decide whatever is more than a draw or a remembered arm.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from decisions import deciding
from decisions.agent import profiles
from decisions.compile import Comparison, Snapshot
from decisions.drawing import recalling
from decisions.engine import Decision, ExperimentDecision, Subject
from decisions.engine.values import Predict


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client asked beyond a plain decision.

    `forced` maps (flag key, rule key or "") to variation key, `overrides` experiment key to variation key.
    `profiles` names the profile service to use, None for the configured one.
    """

    forced: Mapping[tuple[str, str], str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    ignores_profile: bool = False
    profiles: str | None = None
    predict: Predict | None = None


def person(
    snapshot: Snapshot, subject: Subject, wishes: Wishes, *, beyond: Collection[Comparison] = ()
) -> tuple[Subject, deciding.Profile | None]:
    """The person behind the id and what is remembered of them, unless the client wishes it ignored.

    What a datafile cannot say (`beyond`) is no memory, and told all the same.
    """
    if wishes.ignores_profile:
        return subject, deciding.with_arms_beyond(snapshot, None, subject, beyond=beyond)
    if snapshot.is_mirrored and profiles.is_kept(snapshot, service=wishes.profiles):
        return subject, recalling.unless_away(
            lambda: profiles.lookup(snapshot, subject.user_id, service=wishes.profiles), otherwise=None
        )
    return deciding.subject_and_profile(snapshot, subject, beyond=beyond)


def flags(
    snapshot: Snapshot,
    subject: Subject,
    profile: deciding.Profile | None,
    keys: Sequence[str],
    *,
    wishes: Wishes,
) -> list[Decision]:
    """Decide flags in the order of `keys` for what `person` answered; `keep` saves what was drawn."""
    return [
        snapshot.engine.explain(
            key,
            subject,
            profile=profile,
            overrides=wishes.overrides,
            forced=wishes.forced,
            cmab=wishes.predict,
        )
        for key in keys
    ]


def experiments(
    snapshot: Snapshot,
    subject: Subject,
    profile: deciding.Profile | None,
    keys: Sequence[str],
    *,
    wishes: Wishes,
) -> list[ExperimentDecision]:
    """The arms of experiments by key, for `activate`; unknown keys are left out."""
    found = [
        snapshot.engine.explain_experiment(
            key, subject, profile=profile, overrides=wishes.overrides, cmab=wishes.predict
        )
        for key in keys
    ]
    return [decision for decision in found if decision is not None]


def keep(
    snapshot: Snapshot,
    subject: Subject,
    decisions: Iterable[Decision | ExperimentDecision],
    profile: deciding.Profile | None,
    *,
    wishes: Wishes,
    now: datetime,
) -> None:
    """Save newly drawn arms where profiles are kept, in one write; not over a profile that could not be read."""
    if wishes.ignores_profile or not profiles.remembers_draws(snapshot, service=wishes.profiles):
        return
    if snapshot.is_mirrored and profile is None:
        return
    drawn = dict(decision.remember for decision in decisions if decision.remember is not None)
    fresh = {key: arm for key, arm in drawn.items() if (profile or {}).get(key) != arm}
    if fresh:
        recalling.unless_away(
            lambda: profiles.remember(
                snapshot, subject.user_id, fresh, before=profile or {}, now=now, service=wishes.profiles
            ),
            otherwise=None,
        )
