"""Who must not take part, and why: the only writer of `Exclusion`. The first reason stands."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from users.assignments import USER, Unit
from users.models import Exclusion


class Code(StrEnum):
    """Why a unit is out (upgrade contract §2; `TEXTS` is how UpGrade spells it)."""

    REACHED_PRIOR = "reached_prior"
    REACHED_AFTER = "reached_after"
    PARTICIPANT_ON_EXCLUSION_LIST = "participant_on_exclusion_list"
    GROUP_ON_EXCLUSION_LIST = "group_on_exclusion_list"
    EXCLUDED_DUE_TO_GROUP_LOGIC = "excluded_due_to_group_logic"
    NO_GROUP_SPECIFIED = "no_group_specified"
    INVALID_GROUP_OR_WORKING_GROUP = "invalid_group_or_working_group"
    EXCLUDED_BY_CLIENT = "excluded_by_client"


TEXTS = {
    Code.REACHED_PRIOR: "participant reached experiment prior to experiment enrolling",
    Code.REACHED_AFTER: "participant reached experiment during enrollment complete",
    Code.PARTICIPANT_ON_EXCLUSION_LIST: "participant was on the exclusion list",
    Code.GROUP_ON_EXCLUSION_LIST: "participant’s group was on the exclusion list",
    Code.EXCLUDED_DUE_TO_GROUP_LOGIC: "participant excluded due to group assignment logic",
    Code.NO_GROUP_SPECIFIED: "participant excluded due to incomplete group information",
    Code.INVALID_GROUP_OR_WORKING_GROUP: "participant's group or working group is incorrect",
    Code.EXCLUDED_BY_CLIENT: "participant is excluded by client",
}

BATCH = 1000


def exclude(*, experiment_id: int, units: Iterable[Unit], code: Code, now: datetime) -> None:
    """Keep units out, unless they are out already."""
    rows = [
        Exclusion(experiment_id=experiment_id, unit_type=unit.type, unit_id=unit.id, code=code, excluded_at=now)
        for unit in units
    ]
    Exclusion.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def lift(*, experiment_id: int, unit: Unit) -> None:
    Exclusion.objects.filter(experiment_id=experiment_id, unit_type=unit.type, unit_id=unit.id).delete()


def lift_groups(*, experiment_id: int) -> None:
    Exclusion.objects.filter(experiment_id=experiment_id).exclude(unit_type=USER).delete()


def excludes_people(*, experiment_id: int) -> bool:
    """Whether any single person is excluded from the experiment."""
    return Exclusion.objects.filter(experiment_id=experiment_id, unit_type=USER).exists()
