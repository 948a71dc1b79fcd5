"""What came of an experiment: who is in it, what they did, the answers to its questions. Read, not edited."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from config.wire.console import downloads
from config.wire.console.sides import Side
from decisions.enrolments import exporting
from events import metric_results, results
from events.metric_logs import JOINT
from events.models import MetricQuery
from experiments.models import Experiment, Level
from users import counts

ARROW = " → "
GONE = "(no longer there)"


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    people: int
    groups: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its rows: (name of the condition or level, result, how many people it comes from)."""

    question: str
    rows: tuple[tuple[str, str, int], ...]


def show(request: HttpRequest, experiment: Experiment) -> dict[str, Any]:
    counted = counts.of_experiment(experiment=experiment)
    arms = [
        Arm(each.key, counted.people.get(each.pk, 0), counted.groups.get(each.pk, 0))
        for each in experiment.variations.order_by("position", "id")
    ]
    if None in counted.people:
        arms.append(Arm("all of them, one after the other", counted.people[None], 0))
    return {
        "results": results.of_experiment(experiment=experiment),
        "enrolled": arms,
        "excluded": counted.excluded.items(),
        "answers": list(_answers(experiment)),
    }


def _answers(experiment: Experiment) -> Iterator[Answer]:
    names = {each.uid: each.key for each in experiment.variations.all()}
    levels = Level.objects.filter(factor__experiment=experiment).select_related("factor")
    names |= {each.uid: f"{each.factor.name}: {each.name}" for each in levels}
    queries = MetricQuery.objects.filter(experiment=experiment).select_related("metric", "experiment")
    for query in queries.order_by("position", "id"):
        result = metric_results.analyse(query=query)
        rows = [
            (names.get(each.uid, GONE), each.result, each.participants) for each in (*result.main, *result.interaction)
        ]
        yield Answer(_asked(query), tuple(rows))


def _asked(query: MetricQuery) -> str:
    comparison = f" {query.compare_with} {query.compare_value}" if query.compare_with else ""
    path = query.metric.key.replace(JOINT, ARROW)
    asked = f"{query.operation} of {path}{comparison}, {query.get_repeated_measure_display().lower()} per person"
    return f"{query.name}: {asked}" if query.name else asked


def enrolments(experiment: Experiment) -> StreamingHttpResponse:
    """Everybody's condition at every point, in the columns of UpGrade's data export."""
    rows = chain([exporting.header([experiment])], exporting.rows([experiment]))
    return downloads.table(rows, name=f"{experiment.uid}.csv")


RESULTS = Side("results", "What came of it", "console/results.html", show)
