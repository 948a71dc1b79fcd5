"""Who was at an experiment's points before it started, and therefore stays out (upgrade contract §3.8)."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from experiments.models import Design, Experiment
from users import exclusions
from users.assignments import USER, Unit
from users.exclusions import BATCH, Code
from users.models import Assignment, PointMark

Who = tuple[str, dict[str, str] | None]
"""A person's id and working groups."""

EXCLUDES_PEOPLE, EXCLUDES_GROUPS, EXCLUDES_NOBODY = (True, False), (True, True), (False, False)

RULES: dict[tuple[str, str], tuple[bool, bool]] = {
    (Design.Unit.INDIVIDUAL, Design.Consistency.INDIVIDUAL): EXCLUDES_PEOPLE,
    (Design.Unit.INDIVIDUAL, Design.Consistency.GROUP): EXCLUDES_PEOPLE,
    (Design.Unit.GROUP, Design.Consistency.INDIVIDUAL): EXCLUDES_PEOPLE,
    (Design.Unit.GROUP, Design.Consistency.GROUP): EXCLUDES_GROUPS,
}
"""By unit and consistency: whether people and whether their groups are kept out. What is not listed excludes nobody."""


def exclude(*, experiment: Experiment, now: datetime) -> None:
    """Keep out who reached a point that asks for it. Who already has an arm of the experiment stays in."""
    design = Design.objects.filter(experiment=experiment).first() or Design()
    people, groups = _rule(design)
    if not people:
        return
    batch: list[Who] = []
    for who in _earlier(experiment):
        batch.append(who)
        if len(batch) == BATCH:
            _exclude(experiment, design, batch, with_groups=groups, now=now)
            batch = []
    _exclude(experiment, design, batch, with_groups=groups, now=now)


def _rule(design: Design) -> tuple[bool, bool]:
    if design.unit == Design.Unit.WITHIN_SUBJECTS:
        return EXCLUDES_PEOPLE
    return RULES.get((design.unit, design.consistency), EXCLUDES_NOBODY)


def _earlier(experiment: Experiment) -> Iterator[Who]:
    places = Q()
    for site, target in experiment.points.filter(exclude_if_reached=True).values_list("site", "target"):
        places |= Q(site=site, target=target or "")
    if not places:
        return
    enrolled = Assignment.objects.filter(experiment=experiment, unit_type=USER, ended_at__isnull=True)
    marks = PointMark.objects.filter(places).exclude(user__external_id__in=enrolled.values("unit_id"))
    yield from (
        marks.order_by("user__external_id")
        .values_list("user__external_id", "user__working_groups")
        .distinct()
        .iterator(BATCH)
    )


def _exclude(experiment: Experiment, design: Design, batch: list[Who], *, with_groups: bool, now: datetime) -> None:
    units = [Unit(user_id) for user_id, _ in batch]
    if with_groups:
        kind = design.group_type
        units += [Unit(group[kind], kind) for _, group in batch if isinstance(group, dict) and group.get(kind)]
    exclusions.exclude(experiment_id=experiment.pk, units=units, code=Code.REACHED_PRIOR, now=now)
