"""What metric queries come to: the numbers of upgrade-scenarios.md E.1 and E.2, through the log itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisions import lifecycle
from events import metric_logs, metric_results, metric_sets
from events.metric_logs import Reading
from events.models import Metric, MetricQuery
from experiments.models import Design, Experiment, Factor, Level, Variation, VariationLevel
from tests import builders
from users.models import Assignment, ExperimentUser, PointMark, RepeatedMark

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 1, 8, tzinfo=UTC)
TOTAL = "totalProblemsCompleted"
TIME = "masteryWorkspace@__@calculating_area_figures@__@timeSeconds"
DONE = "masteryWorkspace@__@calculating_area_figures@__@completion"
ARMS = {"u1": "B", "u2": "A", "u3": "B", "u4": "B", "u5": "B"}


@pytest.fixture
def experiment() -> Experiment:
    """Five students as the original draws them: A = {u2}, B = the others."""
    made = builders.experiment(project=builders.project(), weights={"A": "0.4", "B": "0.6"})
    arms = {arm.key: arm for arm in made.variations.all()}
    for user, arm in ARMS.items():
        ExperimentUser.objects.create(external_id=user)
        Assignment.objects.create(experiment=made, variation=arms[arm], unit_id=user, assigned_at=MORNING)
    return made


def _query(experiment: Experiment, key: str, operation: str, **fields: Any) -> MetricQuery:
    metric, _ = Metric.objects.get_or_create(project=experiment.project, key=key)
    return MetricQuery.objects.create(experiment=experiment, metric=metric, operation=operation, **fields)


def _log(user: str, key: str, value: Any, *, minute: int, uniquifier: str = "1") -> None:
    *path, name = key.split("@__@")
    reading = Reading(tuple(path), uniquifier, {name: value}, MORNING + timedelta(minutes=minute))
    metric_logs.log(user_id=user, readings=[reading], now=MORNING)


def _log_everything(experiment: Experiment) -> None:
    for key in (TOTAL, TIME, DONE):
        _query(experiment, key, "count")
    logged = [
        ("u1", 20, 100, "GRADUATED"),
        ("u2", 200, 200, "GRADUATED"),
        ("u3", 100, 300, "PROMOTED"),
        ("u4", 50, 400, "GRADUATED"),
        ("u4", 50, 500, "PROMOTED"),
    ]
    for minute, (user, *values) in enumerate(logged):
        for key, value in zip((TOTAL, TIME, DONE), values, strict=True):
            _log(user, key, value, minute=minute)


def _results(query: MetricQuery) -> dict[str, tuple[float, int]]:
    names = {arm.uid: arm.key for arm in query.experiment.variations.all()}
    result = metric_results.analyse(query=query)
    return {names[effect.uid]: (float(effect.result), effect.participants) for effect in result.main}


OPERATIONS = [
    ("sum", (200, 170), (200, 900)),
    ("min", (200, 20), (200, 100)),
    ("max", (200, 100), (200, 500)),
    ("count", (1, 3), (1, 3)),
    ("avg", (200, 56.666666666666664), (200, 300)),
    ("mode", (200, 20), (200, 100)),
    ("median", (200, 50), (200, 300)),
    ("stddev", (0, 40.41451884327381), (0, 200)),
]


@pytest.mark.parametrize(("operation", "total", "time"), OPERATIONS)
def test_every_operation_on_numbers(
    experiment: Experiment, operation: str, total: tuple[float, float], time: tuple[float, float]
) -> None:
    _log_everything(experiment)

    for key, expected in ((TOTAL, total), (TIME, time)):
        results = _results(_query(experiment, key, operation))
        assert [results["A"][0], results["B"][0]] == pytest.approx(expected)
        assert (results["A"][1], results["B"][1]) == (1, 3)


@pytest.mark.parametrize(
    ("operation", "compare", "expected"),
    [("count", "<>", (0, 2)), ("percentage", "=", (100, 33.333333333333336)), ("count", "=", (1, 1))],
)
def test_comparisons_on_categories(
    experiment: Experiment, operation: str, compare: str, expected: tuple[float, float]
) -> None:
    _log_everything(experiment)

    results = _results(_query(experiment, DONE, operation, compare_with=compare, compare_value="GRADUATED"))

    assert [results["A"][0], results["B"][0]] == pytest.approx(expected)


def test_conditions_without_data_come_to_nothing(experiment: Experiment) -> None:
    assert _results(_query(experiment, TOTAL, "sum")) == {"A": (0, 0), "B": (0, 0)}


def test_results_are_texts(experiment: Experiment) -> None:
    _log_everything(experiment)

    result = metric_results.analyse(query=_query(experiment, TOTAL, "sum"))

    assert [effect.result for effect in result.main] == ["200", "170"]


def test_repeated_measures_reduce_each_person_first(experiment: Experiment) -> None:
    """E.2: sums over conditions after each log."""
    queries = {
        rule: _query(experiment, TIME, "sum", repeated_measure=rule) for rule in ("most_recent", "earliest", "mean")
    }
    sums = []
    for minute, (user, uniquifier, value) in enumerate(
        [("u1", "1", 10), ("u1", "2", 20), ("u2", "1", 10), ("u2", "2", 20)]
    ):
        _log(user, TIME, value, minute=minute, uniquifier=uniquifier)
        sums.append([sum(value for value, _ in _results(query).values()) for query in queries.values()])

    assert sums[1:] == [[20, 10, 15], [30, 20, 25], [40, 20, 30]]


def test_within_subjects_rows_belong_to_the_condition_met_under_their_uniquifier(experiment: Experiment) -> None:
    Design.objects.filter(experiment=experiment).update(unit="within_subjects")
    query = _query(experiment, TIME, "sum")
    arms = {arm.key: arm for arm in experiment.variations.all()}
    mark = PointMark.objects.create(
        user=ExperimentUser.objects.get(external_id="u1"), site="s", target="t", marked_at=MORNING
    )
    for uniquifier, arm in (("1", "A"), ("2", "B"), ("3", "B")):
        RepeatedMark.objects.create(mark=mark, variation=arms[arm], uniquifier=uniquifier, marked_at=MORNING)
    for minute, (uniquifier, value) in enumerate([("1", 5), ("2", 6), ("3", 7), ("4", 100)]):
        _log("u1", TIME, value, minute=minute, uniquifier=uniquifier)

    assert _results(query) == {"A": (5, 1), "B": (7, 1)}


def test_the_archive_keeps_its_answers_until_it_is_left(experiment: Experiment) -> None:
    query = _query(experiment, TOTAL, "sum")
    _query(builders.experiment(project=experiment.project, key="another"), TOTAL, "sum")
    _log("u2", TOTAL, 200, minute=1)

    lifecycle.change_status(experiment=experiment, to="archived", now=MORNING)
    _log("u2", TOTAL, 300, minute=2)
    query.refresh_from_db()
    kept = _results(query)
    lifecycle.change_status(experiment=experiment, to="inactive", now=MORNING)
    query.refresh_from_db()

    assert kept == {"A": (200, 1), "B": (0, 0)}
    assert _results(query) == {"A": (300, 1), "B": (0, 0)}


def test_a_factorial_design_has_effects_by_level_and_by_condition(experiment: Experiment) -> None:
    Design.objects.filter(experiment=experiment).update(type="factorial")
    color = Factor.objects.create(experiment=experiment, name="Color")
    shape = Factor.objects.create(experiment=experiment, name="Shape", position=1)
    red, blue = (Level.objects.create(factor=color, name=name) for name in ("Red", "Blue"))
    circle = Level.objects.create(factor=shape, name="Circle")
    for arm, levels in (("A", (red, circle)), ("B", (blue, circle))):
        for level in levels:
            VariationLevel.objects.create(variation=Variation.objects.get(key=arm), level=level)
    _log_everything(experiment)

    result = metric_results.analyse(query=_query(experiment, TOTAL, "sum"))

    assert {effect.uid: effect.result for effect in result.main} == {red.uid: "200", blue.uid: "170", circle.uid: "370"}
    assert [effect.result for effect in result.interaction] == ["200", "170"]


def test_53_a_set_of_metrics_is_made_of_its_description() -> None:
    project = builders.project()
    plain = [{"metric": f"total{number}", "datatype": "continuous"} for number in range(6)]
    graded = {"datatype": "categorical", "allowedValues": ["GRADUATED", "PROMOTED"]}
    attributes = [
        *(
            {"metric": name, "datatype": "continuous"}
            for name in ("timeSeconds", "hintCount", "errorCount", "completionCount", "problemsCompleted")
        ),
        {"metric": "workspaceCompletionStatus", **graded},
        {"metric": "completion", **graded},
    ]
    units: list[dict[str, Any]] = [
        *plain,
        {
            "groupClass": "masteryWorkspace",
            "allowedKeys": ["calculating_area_figures", "calculating_area_various_figures"],
            "attributes": attributes,
        },
        {"groupClass": "addWorkspace", "allowedKeys": ["level1", "level2"], "attributes": attributes[4:6]},
        {"groupClass": "conceptBuilderWorkspace", "allowedKeys": ["a", "b", "c"], "attributes": attributes[:4]},
    ]

    metric_sets.save(project=project, units=units)
    metric_sets.save(project=project, units=units)

    assert Metric.objects.count() == 36
    assert Metric.objects.get(key=DONE).allowed_values == ["GRADUATED", "PROMOTED"]
