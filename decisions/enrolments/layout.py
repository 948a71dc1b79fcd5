"""The columns of UpGrade's data export, in order; one per metric query comes after them (upgrade contract §7)."""

from users.models import Assignment

COLUMNS = (
    "ExperimentId",
    "ExperimentName",
    "UserId",
    "AppContext",
    "UnitOfAssignment",
    "GroupType",
    "GroupId",
    "ConsistencyRule",
    "ConditionOrder",
    "DesignType",
    "AlgorithmType",
    "Stratification",
    "Site",
    "Target",
    "ExcludeifReached",
    "ConditionName",
    "Payload",
    "PostRule",
    "EnrollmentStartDate",
    "EnrollmentCompleteDate",
    "MarkExperimentPointTime",
    "EnrollmentCode",
)
NEEDED = ("ExperimentId", "UserId", "Site", "Target", "ConditionName")
MISSING = "NA"

BY_ALGORITHM = "participant enrolled via algorithm"
THROUGH_GROUP = "participant enrolled due to group enrollment"
CODES: dict[str, str] = {Assignment.Method.GROUP: THROUGH_GROUP}


def code(method: str) -> str:
    """How UpGrade says how somebody came to their condition."""
    return CODES.get(method, BY_ALGORITHM)
