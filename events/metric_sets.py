"""Metrics as UpGrade describes them: plain ones, and attributes of keys of a class (upgrade contract §5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from events.metric_logs import JOINT
from events.models import Metric
from experiments import texts
from experiments.errors import Invalid
from experiments.models import Project

Unit = Mapping[str, Any]


def save(*, project: Project, units: Sequence[Unit]) -> list[Metric]:
    """Make what is not there yet; answers all metrics described. Raises Invalid."""
    described = [metric for unit in units for metric in _described(unit, ())]
    with transaction.atomic():
        return [_saved(project, *each) for each in described]


def _saved(project: Project, key: str, kind: str, allowed: Sequence[str]) -> Metric:
    metric, made = Metric.objects.get_or_create(
        project=project, key=key, defaults={"type": kind, "allowed_values": list(allowed)}
    )
    if not made and metric.allowed_values != list(allowed):
        metric.allowed_values = list(allowed)
        metric.save(update_fields=["allowed_values"])
    return metric


def _described(unit: Unit, path: tuple[str, ...]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """`{metric, datatype, allowedValues?}` or `{groupClass, allowedKeys, attributes}`, nestable."""
    if "groupClass" in unit:
        for key in _texts(unit.get("allowedKeys")):
            for inner in _units(unit.get("attributes")):
                yield from _described(inner, (*path, str(unit["groupClass"]), key))
        return
    name, kind = unit.get("metric"), unit.get("datatype", Metric.Type.CONTINUOUS)
    if not isinstance(name, str) or not name or kind not in Metric.Type.values:
        raise Invalid("A metric has a name, and a datatype that is continuous or categorical", field="metricUnit")
    full = JOINT.join((*path, name))
    texts.check(full, field="metric")
    yield full, kind, _texts(unit.get("allowedValues"))


def _units(given: Any) -> list[Unit]:
    if not isinstance(given, list | None) or not all(isinstance(each, Mapping) for each in given or ()):
        raise Invalid("The attributes of a class are a list of metrics", field="metricUnit")
    return given or []


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list | None):
        raise Invalid(f"{str(values)[:60]!r} should be a list of names", field="metricUnit")
    return [str(value) for value in values or ()]
