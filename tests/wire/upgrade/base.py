"""The experiments and people of the contract's scenarios (upgrade-scenarios.md A.4, A.5)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from experiments.models import Experiment, Project
from tests import builders
from tests.wire.upgrade.client import School

BASE = UUID("be3ae74f-370a-4015-93f3-7761d16f8b17")
SECOND = UUID("8b0e562a-029e-4680-836c-7de6b2ef6ac9")
THIRD = UUID("3711346b-49d4-4f49-92b9-0d0ce7fa6e07")
FOURTH = UUID("3711346b-49d4-4f49-92b9-0d0ce7fa6e08")

SITE = "CurriculumSequence"
P1, P2 = (SITE, "W1"), (SITE, "W2")
BASE_POINTS = (P1, P2, (SITE, ""))

I_I = {"unit": "individual", "consistency": "individual"}
I_G = {"unit": "individual", "consistency": "group"}
I_E = {"unit": "individual", "consistency": "experiment"}
G_G = {"unit": "group", "group_type": "teacher", "consistency": "group"}
G_I = {"unit": "group", "group_type": "teacher", "consistency": "individual"}
G_E = {"unit": "group", "group_type": "teacher", "consistency": "experiment"}

USERS: Mapping[int, tuple[Any, Any]] = {
    1: ({"teacher": ["1"]}, {"teacher": "1"}),
    2: ({"teacher": ["1"]}, {"teacher": "1"}),
    3: ({"teacher": ["2"]}, {"teacher": "2"}),
    4: ({"teacher": ["2"]}, {"teacher": "2"}),
    5: ({"teacher": ["3"]}, {"teacher": "3"}),
    6: ({"teacher": ["3"]}, {"teacher": "3"}),
    7: ({}, {"teacher": "4"}),
    8: (None, {"teacher": "4"}),
    9: ({"teacher": ["4"]}, {}),
    10: ({"teacher": ["4"]}, None),
    11: ({"teacher": ["3"]}, {"class": "3"}),
    12: ({"teacher": ["3"]}, {"teacher": "4"}),
}


def design(
    *,
    project: Project,
    uid: UUID = BASE,
    design: Mapping[str, Any] = I_I,
    weights: Mapping[str, object] | None = None,
    points: Sequence[tuple[str, str]] = BASE_POINTS,
    exclude_if_reached: bool = False,
    **fields: Any,
) -> Experiment:
    """One of the scenarios' experiments, inactive; drawn exactly as the original draws."""
    made = builders.experiment(
        project=project,
        key=str(uid),
        uid=uid,
        weights=weights or {"ConditionA": "0.4", "ConditionB": "0.6"},
        points=points,
        design=design,
        **{"bucketing": Experiment.Bucketing.SEEDRANDOM, "status": Experiment.Status.INACTIVE, **fields},
    )
    made.points.update(exclude_if_reached=exclude_if_reached)
    return made


def everybody(school: School, *numbers: int) -> None:
    """Introduce students by number; all twelve when none is named."""
    for number in numbers or USERS:
        groups, working = USERS[number]
        response = school.init(f"student{number}", group=groups, workingGroup=working)
        assert response.status_code == 200, response.content
