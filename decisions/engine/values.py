"""The values that go into a decision and come out of it. No rule lives here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Source = Literal["feature-test", "rollout", "holdout", "experiment", "none"]

NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is decided about.

    `attributes` are decoded JSON values. `segments` are the fetched audience segments the person qualifies for;
    None means they were never fetched (a `qualified` condition is then false, as for an empty set).
    """

    user_id: str
    attributes: Mapping[str, object] = NOTHING
    segments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Variation:
    """One arm of an experiment, rule or holdout. `usages` maps variable id to its text value (datafile v4)."""

    id: str
    key: str
    feature_enabled: bool = False
    usages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way a flag can be decided; made once per datafile and shared by every request.

    `index` is the position in `Engine.outcomes`, -1 for an outcome made on demand (forced decision, unknown flag,
    failed prediction). `variables` are decoded values; `variables_json` is their exact rendering, b"" when the flag
    has none. `errors` are the reasons that are shown even when nobody asked for reasons (agent.md 3.5).
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
    is_everyone_else: bool
    head: bytes
    tail: bytes
    bare_tail: bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the CMAB service answered for one user and rule: the variation id and the id of the prediction."""

    variation_id: str
    uuid: str = ""


Predict = Callable[["Rule", Subject], Prediction | None]
"""Asks the CMAB service about a rule and a subject; None means it failed. Provided by the caller: no I/O here."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with the story of how it was reached.

    `reasons` are all of them, errors first, as INCLUDE_REASONS shows (agent.md 3.5). `remember` is the
    (experiment id, variation id) a user-profile service should now store, None when nothing new was drawn.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    remember: tuple[str, str] | None = None
    cmab_uuid: str = ""


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


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition on one attribute (agent.md 3.4)."""

    name: str
    type: str
    match: str
    value: object


@dataclass(frozen=True, slots=True)
class AudienceRef:
    """A leaf of an experiment's own tree: the id of an audience, which may not exist."""

    audience_id: str


@dataclass(frozen=True, slots=True)
class Branch:
    """`and`, `or` or `not` over children; any other operator ("" when it is missing) evaluates to unknown."""

    operator: str
    children: tuple["Condition", ...]


Condition = Branch | Leaf | AudienceRef


@dataclass(frozen=True, slots=True)
class Range:
    """Slots below `end` (0..10000) that no earlier range took go to `entity_id`; "" is nobody."""

    entity_id: str
    end: int


@dataclass(frozen=True, slots=True)
class Cmab:
    """A contextual bandit: which attribute ids it may see and how many of the 10000 slots take part."""

    attribute_ids: tuple[str, ...]
    traffic: int


@dataclass(frozen=True, slots=True)
class Rule:
    """An experiment, a delivery rule or a holdout: all are an audience, an allocation and arms.

    `conditions` is what the document says in `audienceConditions` (None when absent or empty); `audience` is what is
    evaluated, None meaning everyone. `group_id` is the mutual-exclusion group, "" when there is none or it overlaps.
    """

    id: str
    key: str
    layer_id: str
    status: str
    variations: tuple[Variation, ...]
    allocation: tuple[Range, ...]
    audience_ids: tuple[str, ...]
    conditions: Condition | None
    audience: Condition | None
    whitelist: Mapping[str, str]
    cmab: Cmab | None = None
    group_id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """`policy` "random" makes its experiments mutually exclusive; the allocation names experiment ids."""

    id: str
    policy: str
    allocation: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Holdout:
    """A rule that keeps people out; no `included_flags` means every flag (of those, not the `excluded_flags`)."""

    rule: Rule
    included_flags: tuple[str, ...]
    excluded_flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A flag's variable; `type` is `json` also where the document says string with subType json."""

    id: str
    key: str
    type: str
    default: str


@dataclass(frozen=True, slots=True)
class Flag:
    id: str
    key: str
    rollout_id: str
    experiment_ids: tuple[str, ...]
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Delivery rules in order; the last one is "Everyone Else"."""

    id: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """`tree` is None when the `conditions` text is not JSON; `text` is what a config shows (agent.md 2.3)."""

    id: str
    name: str
    tree: Condition | None
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class EventType:
    id: str
    key: str
    experiment_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Integration:
    key: str
    host: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Datafile:
    """A datafile v4, read (agent.md 2.1). Lists keep document order.

    `experiments` are the top-level ones followed by those of the groups; `audiences` are the typed ones followed by
    the legacy ones no typed one replaces. `holdouts` are the running ones only.
    """

    account_id: str
    project_id: str
    revision: str
    sdk_key: str
    environment_key: str
    anonymize_ip: bool
    bot_filtering: bool
    send_flag_decisions: bool
    region: str
    attributes: tuple[Attribute, ...]
    events: tuple[EventType, ...]
    audiences: tuple[Audience, ...]
    experiments: tuple[Rule, ...]
    groups: tuple[Group, ...]
    flags: tuple[Flag, ...]
    rollouts: tuple[Rollout, ...]
    holdouts: tuple[Holdout, ...]
    integrations: tuple[Integration, ...]
    attribute_ids: Mapping[str, str]
    event_ids: Mapping[str, str]
