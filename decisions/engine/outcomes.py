"""Outcomes of one flag, with the JSON an answer is joined from. Who gets which outcome is not decided here."""

from collections.abc import Iterable

from decisions.engine import gojson, reasons, variables
from decisions.engine.model import Flag, Rule, Variable, Variation
from decisions.engine.values import Outcome, Source


class OutcomeMaker:
    """Makes the outcomes of one flag.

    `everyone_else` are the keys of its "Everyone Else" rules, `errors` the reasons every outcome of the flag carries.
    """

    def __init__(self, flag: Flag, everyone_else: frozenset[str], errors: tuple[str, ...]) -> None:
        self._flag = flag
        self._everyone_else = everyone_else
        self._errors = errors
        self._casts: dict[tuple[str, str], variables.Cast] = {}

    def make(self, rule: Rule | None, variation: Variation | None, source: Source, index: int = -1) -> Outcome:
        """The outcome of a variation under a rule; both None when nothing was decided."""
        casts = {variable.key: self._cast(variable, variation) for variable in self._flag.variables}
        return self._outcome(index, rule, variation, source, casts, self._errors)

    def failed(self, message: str, index: int = -1) -> Outcome:
        """The empty outcome of a failed prediction: no variables, one error (agent.md 3.6)."""
        return self._outcome(index, None, None, "none", {}, (message,))

    def _cast(self, variable: Variable, variation: Variation | None) -> variables.Cast:
        text = variable.default
        if variation is not None and variation.feature_enabled:
            text = variation.usages.get(variable.id, text)
        known = self._casts.get((variable.id, text))
        if known is None:
            known = self._casts[variable.id, text] = variables.cast(variable, text)
        return known

    def _outcome(
        self,
        index: int,
        rule: Rule | None,
        variation: Variation | None,
        source: Source,
        casts: dict[str, variables.Cast],
        errors: tuple[str, ...],
    ) -> Outcome:
        rule_key = rule.key if rule else ""
        variation_key = variation.key if variation else ""
        enabled = variation is not None and variation.feature_enabled
        invalid = tuple(variables.invalid_reason(key) for key, each in casts.items() if not each.is_valid)
        rendered = gojson.obj((key, casts[key].rendered) for key in sorted(casts)) if casts else b""
        is_everyone_else = rule_key in self._everyone_else
        return Outcome(
            index=index,
            flag_key=self._flag.key,
            rule_key=rule_key,
            experiment_id=rule.id if rule else "",
            layer_id=rule.layer_id if rule else "",
            variation_key=variation_key,
            variation_id=variation.id if variation else "",
            enabled=enabled,
            source=source,
            variables={key: each.value for key, each in casts.items()},
            variables_json=rendered,
            errors=errors + invalid,
            bare_errors=errors,
            is_everyone_else=is_everyone_else,
            head=_head(variation_key, enabled, rule_key, self._flag.key),
            tail=_tail(errors + invalid, rendered, is_everyone_else),
            bare_tail=_tail(errors, b"", is_everyone_else),
        )


def unknown_flag(flag_key: str) -> Outcome:
    """The outcome for a key no flag has (agent.md 1.4)."""
    nobody = Flag("", flag_key, "", (), ())
    return OutcomeMaker(nobody, frozenset(), (reasons.unknown_flag(flag_key),)).make(None, None, "none")


def answer(outcome: Outcome, context: bytes, infos: Iterable[str] = (), *, with_variables: bool = True) -> bytes:
    """A decide answer around a rendered user context (agent.md 1.4); `infos` are shown after the outcome's errors."""
    texts = tuple(infos)
    if not texts:
        return outcome.head + context + (outcome.tail if with_variables else outcome.bare_tail)
    errors, shown = (outcome.errors, outcome.variables_json) if with_variables else (outcome.bare_errors, b"")
    return outcome.head + context + _tail(errors + texts, shown, outcome.is_everyone_else)


def _tail(texts: tuple[str, ...], variables_json: bytes, is_everyone_else: bool) -> bytes:
    shown = b',"variables":' + variables_json if variables_json else b""
    last = b"true}" if is_everyone_else else b"false}"
    return b',"reasons":' + gojson.dumps(texts) + shown + b',"isEveryoneElseVariation":' + last


def _head(variation_key: str, enabled: bool, rule_key: str, flag_key: str) -> bytes:
    fields = (
        ("variationKey", gojson.dumps(variation_key)),
        ("enabled", b"true" if enabled else b"false"),
        ("ruleKey", gojson.dumps(rule_key)),
        ("flagKey", gojson.dumps(flag_key)),
        ("userContext", b""),
    )
    return gojson.obj(fields)[:-1]
