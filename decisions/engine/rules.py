"""One rule and one subject, with reasons: lists, memory, audience, group, traffic (agent.md 3.2, 4b-4f)."""

from collections.abc import Mapping
from dataclasses import dataclass

from decisions.engine import bucketing, reasons
from decisions.engine.audiences import Evaluation
from decisions.engine.model import Group, Range, Rule, Variation
from decisions.engine.values import Predict, Subject


class PredictionFailed(Exception):
    """The CMAB service gave nothing usable; the message is the only reason the decision shows."""


@dataclass(slots=True)
class Inquiry:
    """One subject and everything the caller knows about it, plus what was found out on the way.

    Of the rules in `given` (by id) the caller knows the arm, as part of `profile`; "" there says that nobody can.
    """

    subject: Subject
    groups: Mapping[str, Group]
    evaluation: Evaluation
    profile: Mapping[str, str] | None = None
    overrides: Mapping[str, str] | None = None
    forced: Mapping[tuple[str, str], str] | None = None
    cmab: Predict | None = None
    given: frozenset[str] = frozenset()
    remember: tuple[str, str] | None = None
    cmab_uuid: str = ""

    def say(self, text: str) -> None:
        self.evaluation.infos.append(text)

    @property
    def user(self) -> str:
        return self.subject.user_id


def experiment_arm(inquiry: Inquiry, rule: Rule) -> Variation | None:
    """The arm of one experiment: steps 4b to 4f of agent.md 3.2. Raises PredictionFailed."""
    listed = _overridden(inquiry, rule) or _whitelisted(inquiry, rule)
    if listed:
        return listed
    if rule.id in inquiry.given:
        return given_arm(inquiry, rule)
    if rule.cmab:
        return _predicted(inquiry, rule)
    return _remembered(inquiry, rule) or _bucketed(inquiry, rule)


def _overridden(inquiry: Inquiry, rule: Rule) -> Variation | None:
    variation = by_key(rule, (inquiry.overrides or {}).get(rule.key))
    if variation:
        inquiry.say(reasons.override(variation.key, inquiry.user))
    return variation


def _whitelisted(inquiry: Inquiry, rule: Rule) -> Variation | None:
    listed = rule.whitelist.get(inquiry.user)
    if listed is None:
        return None
    variation = by_key(rule, listed)
    if variation:
        inquiry.say(reasons.whitelisted(inquiry.user, listed, rule.key))
    else:
        inquiry.say(reasons.whitelisted_invalid(inquiry.user, listed))
    return variation


def _remembered(inquiry: Inquiry, rule: Rule) -> Variation | None:
    variation_id = (inquiry.profile or {}).get(rule.id)
    if variation_id is None:
        return None
    variation = by_id(rule, variation_id)
    if variation:
        inquiry.say(reasons.remembered(inquiry.user, variation.key, rule.key))
    else:
        inquiry.say(reasons.remembered_invalid(inquiry.user, variation_id, rule.key))
    return variation


def given_arm(inquiry: Inquiry, rule: Rule) -> Variation | None:
    """The arm that the caller knows."""
    variation_id = (inquiry.profile or {}).get(rule.id)
    if variation_id == "":
        inquiry.say(reasons.unit_unknown(inquiry.user, rule.key))
    elif variation_id is None:
        inquiry.say(reasons.not_in_experiment(inquiry.user, rule.key))
    return by_id(rule, variation_id) if variation_id else None


def _bucketed(inquiry: Inquiry, rule: Rule) -> Variation | None:
    variation = bucket(inquiry, rule)
    if variation:
        inquiry.remember = (rule.id, variation.id)
    return variation


def bucket(inquiry: Inquiry, rule: Rule) -> Variation | None:
    """Audience, then group and traffic."""
    is_in = inquiry.evaluation.holds(rule.audience)
    inquiry.say(reasons.audiences("experiment", rule.key, is_in))
    if not is_in:
        inquiry.say(reasons.not_in_experiment(inquiry.user, rule.key))
        return None
    return draw(inquiry, rule, "experiment")


def draw(inquiry: Inquiry, rule: Rule, kind: str) -> Variation | None:
    entity_id = _entity(inquiry, rule, rule.allocation, kind)
    return by_id(rule, entity_id) if entity_id else None


def _entity(inquiry: Inquiry, rule: Rule, allocation: tuple[Range, ...], kind: str) -> str:
    """What the subject's slot falls on; "" when the group sends it elsewhere."""
    given = inquiry.subject.attributes.get(bucketing.BUCKETING_ID, inquiry.user)
    if not isinstance(given, str):
        inquiry.say(reasons.bucketing_id(kind, rule.key, given))
    unit_id = bucketing.bucketing_id(inquiry.subject)
    return entity_of(rule, allocation, inquiry.groups, unit_id)


def entity_of(rule: Rule, allocation: tuple[Range, ...], groups: Mapping[str, Group], unit_id: str) -> str:
    """What a unit's slot falls on within its group and an allocation; "" for nothing (agent.md 3.1)."""
    group = groups.get(rule.group_id) if rule.group_id else None
    if group and bucketing.entity_at(group.allocation, bucketing.slot(unit_id, group.id)) != rule.id:
        return ""
    return bucketing.entity_at(allocation, bucketing.slot(unit_id, rule.id))


def _predicted(inquiry: Inquiry, rule: Rule) -> Variation | None:
    """Ask the bandit, if audience and traffic let the subject in (agent.md 3.6)."""
    is_in = inquiry.evaluation.holds(rule.audience)
    inquiry.say(reasons.audiences("experiment", rule.key, is_in))
    if not is_in:
        inquiry.say(reasons.not_in_cmab_audience(inquiry.user, rule.key))
        return None
    if not _entity(inquiry, rule, cmab_allocation(rule), "experiment"):
        inquiry.say(reasons.not_in_cmab_traffic(inquiry.user, rule.key))
        return None
    prediction = inquiry.cmab(rule, inquiry.subject) if inquiry.cmab else None
    if prediction is None:
        raise PredictionFailed(reasons.prediction_failed(rule.key))
    variation = by_id(rule, prediction.variation_id)
    if variation is None:
        raise PredictionFailed(reasons.predicted_invalid(prediction.variation_id, rule.id))
    inquiry.cmab_uuid = prediction.uuid
    inquiry.say(reasons.predicted(variation.key))
    return variation


def cmab_allocation(rule: Rule) -> tuple[Range, ...]:
    """A bandit's traffic as one range; what it names only has to be something."""
    return (Range("prediction", rule.cmab.traffic),) if rule.cmab else ()


def by_id(rule: Rule, variation_id: str) -> Variation | None:
    """The last variation with that id."""
    return next((each for each in reversed(rule.variations) if each.id == variation_id), None)


def by_key(rule: Rule, variation_key: str | None) -> Variation | None:
    """The last variation with that key."""
    return next((each for each in reversed(rule.variations) if each.key == variation_key), None)
