"""Who qualifies: an experiment's criteria, read once (`of`) and asked about many records; the rest is pure.

Inside a criterion every condition must hold; of several criteria any suffices; without criteria everybody qualifies,
and a criterion without conditions takes every entity of its model (contract §3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Experiment
from sampling import operators, selectors
from sampling.operators import MISSING

LONGEST_VALUE = 255
NOBODY_FITS = "No criterion of the experiment holds"

Records = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition."""

    model: str
    property: str
    operator: str
    value: str

    def holds(self, records: Records) -> bool:
        return operators.holds(self.operator, found_in(records.get(self.model), self.property), self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One criterion."""

    model: str
    attribute: str
    tests: tuple[Requirement, ...]

    def holds(self, records: Records) -> bool:
        if not self.tests:
            return not records or self.model in records
        return all(test.holds(records) for test in self.tests)

    def sampled_value(self, records: Records) -> str:
        """What is sampled of these records, "" when they do not have it."""
        found = found_in(records.get(self.model), self.attribute)
        text = "" if found is MISSING or found is None else operators.text_of(found)
        return text.replace("\0", "")[:LONGEST_VALUE]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the records qualify, what is sampled of them, and why not ("" when they do)."""

    sampled_value: str = ""
    reason: str = ""

    @property
    def qualifies(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Criteria:
    """All criteria of an experiment."""

    rules: tuple[Rule, ...]

    def judge(self, records: Records) -> Verdict:
        """The first criterion that holds says what is sampled; where none does, the first of all."""
        if not self.rules:
            return Verdict()
        fitting = next((rule for rule in self.rules if rule.holds(records)), None)
        if fitting is not None:
            return Verdict(fitting.sampled_value(records))
        return Verdict(self.rules[0].sampled_value(records), self._why_nobody())

    def unknown_operators(self) -> tuple[str, ...]:
        """Operators nobody defined, each once: their conditions never hold."""
        named = (test.operator for rule in self.rules for test in rule.tests)
        return tuple(dict.fromkeys(name for name in named if not operators.is_known(name)))

    def _why_nobody(self) -> str:
        unknown = self.unknown_operators()
        return f"{NOBODY_FITS} (unknown operator: {', '.join(unknown)})" if unknown else NOBODY_FITS


def of(*, experiment: Experiment) -> Criteria:
    """The criteria of an experiment as they are stored now, in one read of each kind."""
    return Criteria(
        tuple(
            Rule(
                criterion.sampling_model,
                criterion.sampling_attribute,
                tuple(
                    Requirement(row.model, row.property, row.condition, row.value) for row in criterion.conditions.all()
                ),
            )
            for criterion in selectors.criteria(experiment=experiment)
        )
    )


def found_in(record: object, path: str) -> object:
    """The property at a dotted path, MISSING where there is none; a key that itself holds the dots comes first."""
    if not isinstance(record, Mapping):
        return MISSING
    if path in record:
        return record[path]
    head, dot, rest = path.partition(".")
    return found_in(record.get(head), rest) if dot else MISSING


def flat(records: Records, models: Sequence[str]) -> dict[str, object]:
    """The records as one person's attributes, as audiences read them: the named models' first, then all others'."""
    flattened: dict[str, object] = {}
    for model in (*models, *records):
        record = records.get(model)
        for name, value in record.items() if isinstance(record, Mapping) else [(model, record)]:
            if record is not None:
                flattened.setdefault(name, value)
    return flattened
