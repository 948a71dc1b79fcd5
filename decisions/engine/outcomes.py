"""Outcomes of one flag, with the JSON an answer is joined from. Who gets which outcome is not decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from decisions.engine import gojson, reasons, variables
from decisions.engine.model import Flag, Rule, Variation
from decisions.engine.values import Outcome, Source


@dataclass(frozen=True, slots=True)
class _Values:
    """The variables of a flag under one set of texts: values, their JSON (b"" for none), reasons for bad ones."""

    by_key: Mapping[str, object]
    rendered: bytes
    invalid: tuple[str, ...]


_NO_VALUES = _Values({}, b"", ())


class OutcomeMaker:
    """Makes the outcomes of one flag.

    `everyone_else` are the keys of its "Everyone Else" rules, `errors` the reasons every outcome of the flag carries.
    """

    def __init__(self, flag: Flag, everyone_else: frozenset[str], errors: tuple[str, ...]) -> None:
        self._flag = flag
        self._everyone_else = everyone_else
        self._errors = errors
        self._values: dict[tuple[str, ...], _Values] = {(): _NO_VALUES}

    def make(self, rule: Rule | None, variation: Variation | None, source: Source, index: int = -1) -> Outcome:
        """The outcome of a variation under a rule; both None when nothing was decided."""
        texts = self._texts(variation)
        if texts not in self._values:
            self._values[texts] = _cast_all(self._flag, texts)
        return self._outcome(index, rule, variation, source, self._values[texts], self._errors)

    def failed(self, message: str, index: int = -1) -> Outcome:
        """The empty outcome of a failed prediction: no variables, one error (agent.md 3.6)."""
        return self._outcome(index, None, None, "none", _NO_VALUES, (message,))

    def _texts(self, variation: Variation | None) -> tuple[str, ...]:
        """Each variable's text: the default, or what an enabled variation says instead."""
        usages = variation.usages if variation and variation.feature_enabled else {}
        return tuple([usages.get(each.id, each.default) for each in self._flag.variables])

    def _outcome(
        self,
        index: int,
        rule: Rule | None,
        variation: Variation | None,
        source: Source,
        values: _Values,
        errors: tuple[str, ...],
    ) -> Outcome:
        rule_key = rule.key if rule else ""
        variation_key = variation.key if variation else ""
        enabled = variation is not None and variation.feature_enabled
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
            variables=values.by_key,
            variables_json=values.rendered,
            errors=errors + values.invalid,
            bare_errors=errors,
            is_everyone_else=is_everyone_else,
            head=_head(variation_key, enabled, rule_key, self._flag.key),
            tail=_tail(errors + values.invalid, values.rendered, is_everyone_else),
            bare_tail=_tail(errors, b"", is_everyone_else),
        )


def _cast_all(flag: Flag, texts: tuple[str, ...]) -> _Values:
    casts = {each.key: variables.cast(each, text) for each, text in zip(flag.variables, texts, strict=True)}
    return _Values(
        by_key={key: each.value for key, each in casts.items()},
        rendered=gojson.obj((key, casts[key].rendered) for key in sorted(casts)),
        invalid=tuple(variables.invalid_reason(key) for key, each in casts.items() if not each.is_valid),
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
    said = gojson.dumps(texts) if texts else b"[]"
    shown = b',"variables":' + variables_json if variables_json else b""
    last = b"true}" if is_everyone_else else b"false}"
    return b',"reasons":' + said + shown + b',"isEveryoneElseVariation":' + last


def _head(variation_key: str, enabled: bool, rule_key: str, flag_key: str) -> bytes:
    variation, rule, flag = gojson.dumps(variation_key), gojson.dumps(rule_key), gojson.dumps(flag_key)
    decided = b',"enabled":true,"ruleKey":' if enabled else b',"enabled":false,"ruleKey":'
    return b'{"variationKey":' + variation + decided + rule + b',"flagKey":' + flag + b',"userContext":'
