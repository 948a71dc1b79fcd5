"""The OptimizelyConfig of a datafile as the Agent serves it (agent.md 2.3). Nothing is decided here."""

from collections.abc import Iterable, Mapping

from decisions.engine import gotext
from decisions.engine.gojson import arr, dumps, obj
from decisions.engine.model import AudienceRef, Branch, Condition, Datafile, Flag, Rule, Variable, Variation

_DUMMY_AUDIENCE = "$opt_dummy_audience"


def render(datafile: Datafile) -> bytes:
    """The body of `/v1/config` without its newline, fields in wire order, maps sorted by key.

    Of experiments with the same key the last one stands.
    """
    return _Renderer(datafile).config()


class _Renderer:
    def __init__(self, datafile: Datafile) -> None:
        self._datafile = datafile
        self._names = {audience.id: audience.name for audience in datafile.audiences}
        self._experiments = {rule.id: rule for rule in datafile.experiments}
        self._rollouts = {rollout.id: rollout for rollout in datafile.rollouts}
        variables = (variable for flag in datafile.flags for variable in flag.variables)
        self._variables = {variable.id: variable for variable in variables}

    def config(self) -> bytes:
        datafile = self._datafile
        owners = {each: flag for flag in datafile.flags for each in flag.experiment_ids}
        experiments = {rule.key: self._rule(rule, owners.get(rule.id)) for rule in datafile.experiments}
        return obj(
            (
                ("environmentKey", dumps(datafile.environment_key)),
                ("sdkKey", dumps(datafile.sdk_key)),
                ("revision", dumps(datafile.revision)),
                ("experimentsMap", _map(experiments)),
                ("featuresMap", _map({flag.key: self._feature(flag) for flag in datafile.flags})),
                ("attributes", arr(_record(id=each.id, key=each.key) for each in datafile.attributes)),
                ("audiences", arr(self._audiences())),
                ("events", arr(self._events())),
            )
        )

    def _audiences(self) -> Iterable[bytes]:
        for each in self._datafile.audiences:
            if each.id != _DUMMY_AUDIENCE:
                yield _record(id=each.id, name=each.name, conditions=each.text)

    def _events(self) -> Iterable[bytes]:
        for each in self._datafile.events:
            yield _record(id=each.id, key=each.key, experimentIds=each.experiment_ids)

    def _feature(self, flag: Flag) -> bytes:
        experiments = [self._experiments[each] for each in flag.experiment_ids if each in self._experiments]
        rollout = self._rollouts.get(flag.rollout_id)
        rendered = [self._rule(rule, flag) for rule in experiments]
        by_key = {rule.key: each for rule, each in zip(experiments, rendered, strict=True)}
        return obj(
            (
                ("id", dumps(flag.id)),
                ("key", dumps(flag.key)),
                ("experimentRules", arr(rendered)),
                ("deliveryRules", arr(self._rule(rule, flag) for rule in (rollout.rules if rollout else ()))),
                ("variablesMap", _map({each.key: _variable(each, each.default) for each in flag.variables})),
                ("experimentsMap", _map(by_key)),
            )
        )

    def _rule(self, rule: Rule, flag: Flag | None) -> bytes:
        variations = {each.key: self._variation(each, flag) for each in rule.variations}
        return obj(
            (
                ("id", dumps(rule.id)),
                ("key", dumps(rule.key)),
                ("audiences", self._rule_audiences(rule)),
                ("variationsMap", _map(variations)),
            )
        )

    def _variation(self, variation: Variation, flag: Flag | None) -> bytes:
        return obj(
            (
                ("id", dumps(variation.id)),
                ("key", dumps(variation.key)),
                ("featureEnabled", dumps(variation.feature_enabled)),
                ("variablesMap", _map(self._usages(variation, flag))),
            )
        )

    def _usages(self, variation: Variation, flag: Flag | None) -> dict[str, bytes]:
        """Every variable of the flag, and any the variation uses: a shared rollout shows other flags' variables."""
        if flag is None:
            return {}
        shown = {each.key: _variable(each, each.default) for each in flag.variables}
        for variable_id, value in variation.usages.items():
            variable = self._variables.get(variable_id)
            if variable:
                shown[variable.key] = _variable(variable, value if variation.feature_enabled else variable.default)
        return shown

    def _rule_audiences(self, rule: Rule) -> bytes:
        """Only a list of conditions is shown: neither a single id nor plain `audienceIds` are."""
        return dumps(self.audience_text(rule.conditions) if isinstance(rule.conditions, Branch) else "")

    def audience_text(self, condition: Condition | None) -> str:
        """`"A" AND ("B" OR "C")`: audience names in quotes (an unknown id as itself), nested lists in brackets."""
        if isinstance(condition, AudienceRef):
            return gotext.quote(self._names.get(condition.audience_id, condition.audience_id))
        if not isinstance(condition, Branch):
            return ""
        parts = [self._nested(child) for child in condition.children]
        if condition.operator == "not":
            return f"NOT {parts[0]}" if parts else ""
        return f" {(condition.operator or 'or').upper()} ".join(parts)

    def _nested(self, condition: Condition) -> str:
        text = self.audience_text(condition)
        return f"({text})" if isinstance(condition, Branch) else text


def _variable(variable: Variable, value: str) -> bytes:
    return _record(id=variable.id, key=variable.key, type=variable.type, value=value)


def _record(**fields: object) -> bytes:
    return obj((key, dumps(value)) for key, value in fields.items())


def _map(items: Mapping[str, bytes]) -> bytes:
    return obj((key, items[key]) for key in sorted(items))
