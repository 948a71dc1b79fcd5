"""How many units an experiment has, by what they were given and by why they are out. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from experiments.models import Experiment
from users.assignments import USER
from users.exclusions import TEXTS, Code
from users.models import Assignment, Exclusion


@dataclass(frozen=True, slots=True)
class Counts:
    """`people` and `groups` by variation id (None: within subjects, no one variation); `excluded` by reason."""

    people: Mapping[int | None, int]
    groups: Mapping[int | None, int]
    excluded: Mapping[str, int]


def of_experiment(*, experiment: Experiment) -> Counts:
    live = Assignment.objects.filter(experiment=experiment, ended_at__isnull=True)
    out = Exclusion.objects.filter(experiment=experiment).values_list("code").annotate(number=Count("id"))
    return Counts(
        people=dict(live.filter(unit_type=USER).values_list("variation_id").annotate(Count("id")).order_by()),
        groups=dict(live.exclude(unit_type=USER).values_list("variation_id").annotate(Count("id")).order_by()),
        excluded={_said(code): number for code, number in out.order_by("code")},
    )


def _said(code: str) -> str:
    return TEXTS[Code(code)] if code in TEXTS else code
