"""Builders of rows, keyword-only: what a test does not name has a plain default."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from decisions import lifecycle
from experiments.models import (
    DecisionPoint,
    Design,
    Experiment,
    ExperimentList,
    Project,
    Segment,
    SegmentMember,
    Variation,
)
from features.models import Flag, FlagRule, Variable, VariableValue

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def project(*, key: str = "home", **fields: Any) -> Project:
    return Project.objects.create(key=key, **{"name": key.title(), **fields})


def experiment(
    *,
    project: Project,
    key: str = "button",
    weights: Mapping[str, object] | None = None,
    points: Sequence[tuple[str, str]] = (),
    design: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Experiment:
    """An experiment with its variations (key: share), decision points and design; a draft unless `status` is given."""
    made = Experiment.objects.create(project=project, key=key, **{"name": key, **fields})
    Design.objects.create(experiment=made, **(design or {}))
    for position, (name, weight) in enumerate((weights or {"control": "0.5", "treatment": "0.5"}).items()):
        Variation.objects.create(experiment=made, key=name, weight=Decimal(str(weight)), position=position)
    for position, (site, target) in enumerate(points):
        DecisionPoint.objects.create(experiment=made, site=site, target=target, position=position)
    return made


def running(*, now: datetime = NOW, **fields: Any) -> Experiment:
    """The same, started and published."""
    return lifecycle.change_status(experiment=experiment(**fields), to=Experiment.Status.RUNNING, now=now)


def flag(*, project: Project, key: str = "button_flag", rules: Sequence[Experiment] = (), **fields: Any) -> Flag:
    """A flag that delivers `rules` in order; of kind experiment when it has any."""
    made = Flag.objects.create(project=project, key=key, **{"kind": 3 if rules else 1, **fields})
    for position, rule in enumerate(rules):
        FlagRule.objects.create(flag=made, experiment=rule, position=position)
    return made


def variable(*, flag: Flag, key: str, default: str = "", values: Mapping[Variation, str] | None = None) -> Variable:
    made = Variable.objects.create(flag=flag, key=key, default_value=default)
    for variation, value in (values or {}).items():
        VariableValue.objects.create(variable=made, variation=variation, value=value)
    return made


def segment(*, project: Project, name: str = "segment", rule: Any = (), **fields: Any) -> Segment:
    return Segment.objects.create(project=project, name=name, rule=list(rule), **fields)


def started(experiment: Experiment, *, now: datetime = NOW) -> Experiment:
    """An experiment that is there already, started and published."""
    return lifecycle.change_status(experiment=experiment, to=Experiment.Status.RUNNING, now=now)


def republished(project: Project, *, now: datetime = NOW) -> None:
    lifecycle.publish(project=project, now=now)


def members(*, segment: Segment, users: Sequence[str] = (), groups: Sequence[tuple[str, str]] = ()) -> Segment:
    """Put people and groups (type, id) into a segment."""
    units = [("user", user) for user in users] + list(groups)
    SegmentMember.objects.bulk_create(
        [SegmentMember(segment=segment, unit_type=kind, unit_id=unit) for kind, unit in units]
    )
    return segment


def listed(
    *,
    experiment: Experiment,
    mode: str,
    users: Sequence[str] = (),
    groups: Sequence[tuple[str, str]] = (),
    children: Sequence[Segment] = (),
) -> Segment:
    """An include or exclude list of an experiment."""
    made = segment(project=experiment.project, name=f"{mode} list", kind=Segment.Kind.PRIVATE)
    made.children.set(children)
    ExperimentList.objects.create(experiment=experiment, segment=made, mode=mode)
    return members(segment=made, users=users, groups=groups)
