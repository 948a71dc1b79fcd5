"""Who qualifies: writing criteria with their conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from experiments.models import Experiment
from sampling.models import Condition, Criterion


@dataclass(frozen=True, slots=True)
class NewCondition:
    """`property` of a record of kind `model`, compared with `value` by the operator `condition`."""

    model: str
    property: str
    value: str
    condition: str


def add(
    *, experiment: Experiment, sampling_model: str, sampling_attribute: str, conditions: Sequence[NewCondition]
) -> Criterion:
    """A criterion with its conditions, all or none."""
    with transaction.atomic():
        criterion = Criterion.objects.create(
            experiment=experiment, sampling_model=sampling_model, sampling_attribute=sampling_attribute
        )
        for condition in conditions:
            add_condition(criterion=criterion, condition=condition)
    return criterion


def add_condition(*, criterion: Criterion, condition: NewCondition) -> Condition:
    return Condition.objects.create(
        criterion=criterion,
        model=condition.model,
        property=condition.property,
        value=condition.value,
        condition=condition.condition,
    )


def amend_condition(*, row: Condition, **changes: str) -> None:
    """Change `model`, `property`, `value` or the operator `condition`."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
