"""A datafile v4 as frozen values: what the engine compiles (agent.md 2.1). No rule lives here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Variation:
    """One arm of an experiment, rule or holdout. `usages` maps variable id to its text value (datafile v4)."""

    id: str
    key: str
    feature_enabled: bool = False
    usages: Mapping[str, str] = field(default_factory=dict)


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
