"""The values that go into a decision and come out of it. No rule lives here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from decisions.engine.model import Rule, Variation

Source = Literal["feature-test", "rollout", "holdout", "experiment", "none"]


class Subject(msgspec.Struct, frozen=True, gc=False):
    """Who is decided about.

    `user_id` is text without lone surrogates (the hash refuses them), `attributes` are decoded JSON values. `segments`
    are the fetched audience segments the person qualifies for; None means they were never fetched (a `qualified`
    condition is then false, as for an empty set).
    """

    user_id: str
    attributes: Mapping[str, object]
    segments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way a flag can be decided; made once per datafile and shared by every request.

    `index` is the position in `Engine.outcomes`, -1 for an outcome made on demand (forced decision, unknown flag,
    failed prediction). `variables` are decoded values; `variables_json` is their exact rendering, b"" when the flag
    has none. `errors` are the reasons shown even when nobody asked (agent.md 3.5), `bare_errors`
    those that remain when variables are excluded, because they are then not cast.
    `head` is the JSON of a decide answer up to and including `"userContext":`; `tail` is what follows the user
    context, `bare_tail` the same without `variables` (agent.md 1.4). An answer is `head + context + tail`.
    """

    index: int
    flag_key: str
    rule_key: str
    experiment_id: str
    layer_id: str
    variation_key: str
    variation_id: str
    enabled: bool
    source: Source
    variables: Mapping[str, object]
    variables_json: bytes
    errors: tuple[str, ...]
    bare_errors: tuple[str, ...]
    is_everyone_else: bool
    head: bytes
    tail: bytes
    bare_tail: bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the CMAB service answered for one user and rule: the variation id and the id of the prediction."""

    variation_id: str
    uuid: str = ""


Predict = Callable[[Rule, Subject], Prediction | None]
"""Asks the CMAB service about a rule and a subject; None means it failed. Provided by the caller: no I/O here."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with the story of how it was reached.

    `infos` are the reasons in the order they came up, without the outcome's errors. `remember` is the
    (experiment id, variation id) a user-profile service should now store, None when nothing new was drawn.
    """

    outcome: Outcome
    infos: tuple[str, ...] = ()
    remember: tuple[str, str] | None = None
    cmab_uuid: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What INCLUDE_REASONS shows: errors first (agent.md 3.5)."""
        return (*self.outcome.errors, *self.infos)


@dataclass(frozen=True, slots=True)
class ExperimentDecision:
    """The arm of one experiment (None: not in it), for `activate`; the other fields are as in `Decision`."""

    experiment_id: str
    experiment_key: str
    layer_id: str
    variation: Variation | None
    reasons: tuple[str, ...]
    remember: tuple[str, str] | None = None
    cmab_uuid: str = ""
