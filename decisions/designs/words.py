"""UpGrade's words for ours. A word that is not here cannot be imported."""

from collections.abc import Mapping
from typing import Any

from events.models import MetricQuery
from experiments.errors import Invalid
from experiments.models import Design, Experiment

STATUS: Mapping[str, str] = {
    "inactive": Experiment.Status.INACTIVE,
    "scheduled": Experiment.Status.SCHEDULED,
    "preview": Experiment.Status.PREVIEW,
    "enrolling": Experiment.Status.RUNNING,
    "enrollmentComplete": Experiment.Status.PAUSED,
    "cancelled": Experiment.Status.COMPLETED,
    "archived": Experiment.Status.ARCHIVED,
    "draft": Experiment.Status.DRAFT,
    "running": Experiment.Status.RUNNING,
    "paused": Experiment.Status.PAUSED,
    "completed": Experiment.Status.COMPLETED,
}
UNIT: Mapping[str, str] = {
    "individual": Design.Unit.INDIVIDUAL,
    "group": Design.Unit.GROUP,
    "within-subjects": Design.Unit.WITHIN_SUBJECTS,
}
CONSISTENCY: Mapping[str | None, str] = {
    "individual": Design.Consistency.INDIVIDUAL,
    "group": Design.Consistency.GROUP,
    "experiment": Design.Consistency.EXPERIMENT,
    None: "",
}
POST_RULE: Mapping[str, str] = {
    "continue": Design.PostRule.CONTINUE,
    "assign": Design.PostRule.ASSIGN,
    "revert": Design.PostRule.ASSIGN,
}
ORDER: Mapping[str | None, str] = {
    "random": Design.ConditionOrder.RANDOM,
    "random round robin": Design.ConditionOrder.RANDOM_ROUND_ROBIN,
    "ordered round robin": Design.ConditionOrder.ORDERED_ROUND_ROBIN,
    None: "",
}
ALGORITHM: Mapping[str, str] = {
    "random": Design.Algorithm.RANDOM,
    "stratified random sampling": Design.Algorithm.STRATIFIED,
    "ts_configurable": Design.Algorithm.ADAPTIVE,
}
FILTER_MODE: Mapping[str, str] = {
    "includeAll": Design.FilterMode.INCLUDE_ALL,
    "excludeAll": Design.FilterMode.EXCLUDE_ALL,
}
TYPE: Mapping[str, str] = {"Simple": Design.Type.SIMPLE, "Factorial": Design.Type.FACTORIAL}
REPEATED: Mapping[str, str] = {
    "MEAN": MetricQuery.RepeatedMeasure.MEAN,
    "EARLIEST": MetricQuery.RepeatedMeasure.EARLIEST,
    "MOST RECENT": MetricQuery.RepeatedMeasure.MOST_RECENT,
    "COUNT": MetricQuery.RepeatedMeasure.COUNT,
    "PERCENTAGE": MetricQuery.RepeatedMeasure.PERCENTAGE,
}


def ours(table: Mapping[Any, str], word: str | None, *, field: str) -> str:
    """Our word for theirs. Raises Invalid for one that is not in the table."""
    if word not in table:
        known = ", ".join(str(each) for each in table if each is not None)
        raise Invalid(f"{field} is {word!r}; it can be {known}", field=field)
    return table[word]


def theirs(table: Mapping[Any, str], word: str) -> str | None:
    """Their word for ours: the first that means it."""
    return next((each for each, own in table.items() if own == word), None)
