"""The sentences a decision is explained with, letter for letter (agent.md 3.5). When each is said is not here."""

from decisions.engine import gotext


def unknown_flag(flag: str) -> str:
    return f'No flag was found for key "{flag}".'


def unreadable_audience(audience: str) -> str:
    """Ours: the Agent drops the connection here (agent.md 3.3)."""
    return f'Conditions of audience "{audience}" are not valid JSON.'


def forced(variation: str, flag: str, rule: str, user: str) -> str:
    return f"Variation ({variation}) is mapped to {_place(flag, rule)} and user ({user}) in the forced decision map."


def forced_invalid(flag: str, rule: str, user: str) -> str:
    return f"Invalid variation is mapped to {_place(flag, rule)} and user ({user}) in the forced decision map."


def _place(flag: str, rule: str) -> str:
    return f"flag ({flag}), rule ({rule})" if rule else f"flag ({flag})"


def audiences(kind: str, key: str, result: bool) -> str:
    """`kind` is "experiment" (also for delivery rules) or "holdout"."""
    return f"Audiences for {kind} {key} collectively evaluated to {'true' if result else 'false'}."


def audience_unknown(audience: str) -> str:
    return f'an error occurred while evaluating nested tree for audience ID "{audience}"'


def audience_missing(audience: str) -> str:
    return f'unable to evaluate nested tree for audience ID "{audience}"'


def condition_type(name: str) -> str:
    return f'unable to evaluate condition of type "{name}"'


def condition_match(name: str) -> str:
    return f'invalid Condition matcher "{name}"'


def bucketing_id(kind: str, key: str, value: object) -> str:
    why = gotext.quote(f'invalid bucketing ID provided: "{gotext.plain(value)}"')
    return f'Error computing bucketing ID for {kind} "{key}": {why}'


def holdout_audience(user: str, holdout: str, result: bool) -> str:
    return f"User {user} {'meets' if result else 'does not meet'} conditions for holdout {holdout}."


def held_out(user: str, variation: str, holdout: str) -> str:
    return f"User {user} is in variation {variation} of holdout {holdout}."


def not_held_out(user: str) -> str:
    return f"User {user} is in no holdout variation."


def override(variation: str, user: str) -> str:
    return f"Override variation {variation} found for user {user}"


def whitelisted(user: str, variation: str, experiment: str) -> str:
    return f'User "{user}" is whitelisted into variation "{variation}" of experiment "{experiment}".'


def whitelisted_invalid(user: str, variation: str) -> str:
    return f'User "{user}" is whitelisted into variation "{variation}", which is not in the datafile.'


def remembered(user: str, variation: str, experiment: str) -> str:
    return f'User "{user}" was previously bucketed into variation "{variation}" of experiment "{experiment}".'


def remembered_invalid(user: str, variation_id: str, experiment: str) -> str:
    return (
        f'User "{user}" was previously bucketed into variation with ID "{variation_id}" '
        f'for experiment "{experiment}", but no matching variation was found.'
    )


def not_in_experiment(user: str, experiment: str) -> str:
    return f'User "{user}" does not meet conditions to be in experiment "{experiment}".'


def unit_unknown(user: str, experiment: str) -> str:
    return f'UNIT_UNKNOWN: too little is known of user "{user}" to decide experiment "{experiment}".'


def not_in_rule(user: str, rule: str) -> str:
    """`rule` is the position of the rule from 1, or "Everyone Else"."""
    return f'User "{user}" does not meet conditions for targeting rule {rule}.'


def everyone_else(user: str) -> str:
    return f'User "{user}" meets conditions for targeting rule "Everyone Else".'


NO_ROLLOUT = 'Rollout with ID "" is not in the datafile.'


def not_in_cmab_audience(user: str, experiment: str) -> str:
    return f"User {user} not in audience for CMAB experiment {experiment}"


def not_in_cmab_traffic(user: str, experiment: str) -> str:
    return f"User {user} not in CMAB experiment {experiment} due to traffic allocation"


def predicted(variation: str) -> str:
    return f"User bucketed into variation {variation} by CMAB service"


def prediction_failed(experiment: str) -> str:
    return f"Failed to fetch CMAB data for experiment {experiment}."


def predicted_invalid(variation_id: str, experiment_id: str) -> str:
    return f"variation with ID {variation_id} not found in experiment {experiment_id}"
