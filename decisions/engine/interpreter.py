"""The reference: a ladder climbed rung by rung, saying why (agent.md 3.2). Slow, plain, and the fast path's oracle."""

from decisions.engine import reasons, rules
from decisions.engine.ladders import Ladder, Rung
from decisions.engine.model import Rule
from decisions.engine.rules import Inquiry, PredictionFailed
from decisions.engine.values import Outcome, Source


def climb(inquiry: Inquiry, ladder: Ladder) -> Outcome:
    """Decide a flag: the first rung that holds."""
    return (
        _forced(inquiry, ladder, None, "feature-test")
        or _held_out(inquiry, ladder)
        or _tested(inquiry, ladder)
        or _delivered(inquiry, ladder)
        or ladder.nothing
    )


def _forced(inquiry: Inquiry, ladder: Ladder, rule: Rule | None, source: Source) -> Outcome | None:
    rule_key = rule.key if rule else ""
    variation_key = (inquiry.forced or {}).get((ladder.flag.key, rule_key))
    if variation_key is None:
        return None
    variation = ladder.variations.get(variation_key)
    if variation is None:
        inquiry.say(reasons.forced_invalid(ladder.flag.key, rule_key, inquiry.user))
        return None
    inquiry.say(reasons.forced(variation_key, ladder.flag.key, rule_key, inquiry.user))
    return ladder.maker.make(rule, variation, source)


def _held_out(inquiry: Inquiry, ladder: Ladder) -> Outcome | None:
    return next(filter(None, (_hold(inquiry, rung) for rung in ladder.holdouts)), None)


def _hold(inquiry: Inquiry, rung: Rung) -> Outcome | None:
    rule = rung.rule
    is_in = inquiry.evaluation.holds(rule.audience)
    inquiry.say(reasons.audiences("holdout", rule.key, is_in))
    inquiry.say(reasons.holdout_audience(inquiry.user, rule.key, is_in))
    if not is_in:
        return None
    variation = rules.draw(inquiry, rule, "holdout")
    if variation is None:
        inquiry.say(reasons.not_held_out(inquiry.user))
        return None
    inquiry.say(reasons.held_out(inquiry.user, variation.key, rule.key))
    return rung.arms[variation.id]


def _tested(inquiry: Inquiry, ladder: Ladder) -> Outcome | None:
    for rung in ladder.experiments:
        forced = _forced(inquiry, ladder, rung.rule, "feature-test")
        if forced:
            return forced
        try:
            variation = rules.experiment_arm(inquiry, rung.rule)
        except PredictionFailed as failure:
            return _failed(inquiry, ladder, rung, str(failure))
        if variation:
            return rung.arms[variation.id]
    return None


def _failed(inquiry: Inquiry, ladder: Ladder, rung: Rung, message: str) -> Outcome:
    """A failed prediction ends the decision, and is all there is to say (agent.md 3.6)."""
    inquiry.evaluation.infos.clear()
    if rung.failed and rung.failed.errors == (message,):
        return rung.failed
    return ladder.maker.failed(message)


def _delivered(inquiry: Inquiry, ladder: Ladder) -> Outcome | None:
    if not ladder.has_rollout:
        inquiry.say(reasons.NO_ROLLOUT)
    if not ladder.rules:
        return None
    *targeted, last = ladder.rules
    for position, rung in enumerate(targeted, 1):
        forced = _forced(inquiry, ladder, rung.rule, "rollout")
        if forced:
            return forced
        if rung.rule.id in inquiry.given:
            given = rules.given_arm(inquiry, rung.rule)
            if given:
                return rung.arms[given.id]
        elif inquiry.evaluation.holds(rung.rule.audience):
            delivered = _deliver(inquiry, rung)
            if delivered:
                return delivered
            break
        inquiry.say(reasons.not_in_rule(inquiry.user, str(position)))
    return _deliver_last(inquiry, ladder, last)


def _deliver(inquiry: Inquiry, rung: Rung) -> Outcome | None:
    """Bucket into a rule whose audience already held; it is evaluated, and explained, a second time."""
    variation = rules.bucket(inquiry, rung.rule)
    return rung.arms[variation.id] if variation else None


def _deliver_last(inquiry: Inquiry, ladder: Ladder, rung: Rung) -> Outcome | None:
    forced = _forced(inquiry, ladder, rung.rule, "rollout")
    if forced:
        return forced
    if rung.rule.audience is not None and not inquiry.evaluation.holds(rung.rule.audience):
        inquiry.say(reasons.not_in_rule(inquiry.user, "Everyone Else"))
        return None
    delivered = _deliver(inquiry, rung)
    inquiry.say(reasons.everyone_else(inquiry.user))
    return delivered
