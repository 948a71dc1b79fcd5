"""Which questions may be put to a metric, in a researcher's words. Answers are in `events.metric_results`."""

from experiments.errors import Invalid

OPERATIONS = ("sum", "min", "max", "count", "avg", "mode", "median", "stddev", "percentage")
OF_CATEGORIES = ("count", "percentage")
COMPARISONS = ("=", "<>")


def check(*, is_category: bool, operation: str, compare_with: str, compare_value: str) -> None:
    """Raise Invalid for a question that has no answer."""
    if is_category and operation not in OF_CATEGORIES:
        raise Invalid(f"A metric of categories can be counted or told as a percentage; it has no {operation}.")
    if is_category and not (compare_with and compare_value):
        raise Invalid("Say which category is counted: = or <>, and the category.")
    if not is_category and (compare_with or compare_value):
        raise Invalid("Only a metric of categories is compared with one.")
    if not is_category and operation == "percentage":
        raise Invalid("Only a metric of categories can be told as a percentage.")
