"""log, bloblog, caliper: measurements of people (upgrade contract §5, upgrade-scenarios.md E.3)."""

from typing import Any

import pytest
from django.test import Client

from events.models import Event, Metric, MetricLog, MetricQuery
from experiments.models import Experiment
from tests import builders
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School

pytestmark = pytest.mark.django_db

TOTALS = (
    "totalProblemsCompleted",
    "totalTimeSeconds",
    "totalMasteryWorkspacesCompleted",
    "totalConceptBuildersCompleted",
    "totalMasteryWorkspacesGraduated",
    "totalSessionsCompleted",
)
FIGURES = ("masteryWorkspace", "calculating_area_various_figures")


def _measured(*keys: str) -> Experiment:
    """An experiment that asks for these metrics."""
    experiment = builders.running(project=builders.project(), points=[base.P1])
    for key in keys:
        metric = Metric.objects.create(project=experiment.project, key=key)
        MetricQuery.objects.create(experiment=experiment, metric=metric, operation="sum")
    return experiment


def _key(attribute: str) -> str:
    return "@__@".join((*FIGURES, attribute))


def _log(school: School, minute: int, attributes: Any = None, groups: Any = None, user: str = "u1") -> Any:
    metrics = {}
    if attributes is not None:
        metrics["attributes"] = attributes
    if groups is not None:
        metrics["groupedMetrics"] = [
            {"groupClass": FIGURES[0], "groupKey": FIGURES[1], "groupUniquifier": uniquifier, "attributes": values}
            for uniquifier, values in groups
        ]
    entry = {"timestamp": f"2026-11-01T10:{minute:02}:00.000Z", "metrics": metrics}
    return school.send("POST", "log", user, {"value": [entry]})


def _rows() -> list[tuple[str, Any]]:
    return [(row.uniquifier, row.data) for row in MetricLog.objects.order_by("id")]


def test_54_rows_are_merged_by_timestamp_and_uniquifier(school: School) -> None:
    school.init("u1")
    first = {"totalTimeSeconds": 123456, "totalProblemsCompleted": 48}
    assert _log(school, 0, first).json() == []
    assert _rows() == []

    _measured(*TOTALS, *(_key(name) for name in ("timeSeconds", "hintCount", "errorCount")))
    _log(school, 1, first)
    assert _rows() == [("1", first)]

    second = {"totalTimeSeconds": 123, "totalProblemsCompleted": 4}
    _log(school, 2, second)
    assert _rows() == [("1", second)]

    others = dict.fromkeys(TOTALS[2:5], 5)
    _log(school, 3, {**second, "totalTimeSeconds": 200, **others})
    assert _rows() == [("1", {**second, "totalTimeSeconds": 200}), ("1", others)]

    _log(school, 1, dict.fromkeys(TOTALS[:5], 1))
    assert _rows() == [("1", {**second, "totalTimeSeconds": 200}), ("1", others)]

    _log(school, 4, dict.fromkeys(TOTALS, 9))
    assert _rows() == [
        ("1", {"totalTimeSeconds": 9, "totalProblemsCompleted": 9}),
        ("1", dict.fromkeys(TOTALS[2:5], 9)),
        ("1", {"totalSessionsCompleted": 9}),
    ]

    def nested(**values: int) -> Any:
        return {FIGURES[0]: {FIGURES[1]: values}}

    _log(school, 5, groups=[("1", {"timeSeconds": 246, "hintCount": 25})])
    assert _rows()[3:] == [("1", nested(timeSeconds=246, hintCount=25))]

    _log(school, 6, groups=[("2", {"timeSeconds": 7, "hintCount": 7})])
    assert _rows()[3:] == [
        ("1", nested(timeSeconds=246, hintCount=25)),
        ("2", nested(timeSeconds=7, hintCount=7)),
    ]

    _log(school, 4, groups=[("1", {"timeSeconds": 1, "hintCount": 1})])
    assert _rows()[3] == ("1", nested(timeSeconds=246, hintCount=25))

    _log(school, 7, groups=[("1", {"timeSeconds": 2, "hintCount": 2, "errorCount": 4})])
    assert _rows()[3:] == [
        ("1", nested(timeSeconds=2, hintCount=2)),
        ("2", nested(timeSeconds=7, hintCount=7)),
        ("1", nested(errorCount=4)),
    ]


@pytest.mark.parametrize("version", [5, 6])
def test_the_answer_names_new_rows_with_their_user_and_changed_rows_with_an_id(school: School, version: int) -> None:
    _measured("score", "time")
    school.version = version
    school.init("u1")

    (inserted,) = _log(school, 1, {"score": 1}).json()
    updated, new = _log(school, 2, {"score": 2, "time": 3}).json()

    assert inserted["timeStamp"] == "2026-11-01T10:01:00.000Z"
    assert (inserted["uniquifier"], inserted["data"]) == ("1", {"score": 1})
    assert inserted["metrics"] == [{"key": "score"}]
    assert (inserted["user"]["id"], inserted["user"]["requestedUserId"]) == ("u1", "u1")
    assert updated == {
        "id": inserted["id"],
        "uniquifier": "1",
        "timeStamp": "2026-11-01T10:02:00.000Z",
        "data": {"score": 2},
        "userId": "u1",
    }
    assert new["data"] == {"time": 3}


def test_a_log_sent_twice_changes_nothing(school: School) -> None:
    _measured("score")
    school.init("u1")
    body = {
        "value": [
            {"timestamp": "2026-11-01T10:00:00Z", "metrics": {"attributes": {"score": 1}}},
            {"timestamp": "2026-11-01T10:05:00Z", "metrics": {"attributes": {"score": 2}}},
        ]
    }

    school.send("POST", "log", "u1", body)
    before = _rows()
    school.send("POST", "log", "u1", body)

    assert _rows() == before == [("1", {"score": 1}), ("1", {"score": 2})]
    assert Event.objects.filter(kind="log").count() == 2


def test_an_equal_timestamp_overwrites(school: School) -> None:
    _measured("score")
    school.init("u1")
    _log(school, 1, {"score": 1})

    _log(school, 1, {"score": 2})

    assert _rows() == [("1", {"score": 2})]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00+01:00",
        "Thu Jan 01 2026 10:00:00 GMT+0100 (Central European Standard Time)",
        "Thu Jan 01 2026 04:00:00 GMT-0500 (EST)",
        "Thu, 01 Jan 2026 09:00:00 GMT",
    ],
)
def test_a_timestamp_is_the_instant_it_says(school: School, text: str) -> None:
    _measured("score")
    school.init("u1")

    (row,) = school.send(
        "POST", "log", "u1", {"value": [{"timestamp": text, "metrics": {"attributes": {"score": 1}}}]}
    ).json()

    assert row["timeStamp"] == "2026-01-01T09:00:00.000Z"


def test_what_only_an_archived_experiment_asks_for_is_dropped(school: School) -> None:
    experiment = _measured("score")
    Experiment.objects.filter(pk=experiment.pk).update(status="archived")
    school.init("u1")

    assert _log(school, 1, {"score": 1}).json() == []
    assert _rows() == []


def test_zero_is_a_value(school: School) -> None:
    _measured("score")
    school.init("u1")

    _log(school, 1, {"score": 0})

    assert _rows() == [("1", {"score": 0})]
    assert Event.objects.get(kind="log").value == 0


def test_what_is_kept_is_an_event_too(school: School) -> None:
    experiment = _measured("score")
    school.init("u1")

    _log(school, 1, {"score": 4, "unasked": 5})

    event = Event.objects.get(kind="log")
    assert (event.project_id, event.key, event.user_id, event.value) == (experiment.project_id, "score", "u1", 4)


def test_a_quote_in_a_uniquifier_is_a_text_like_any_other(school: School) -> None:
    _measured(_key("timeSeconds"))
    school.init("u1")

    for minute in (1, 2):
        response = _log(school, minute, groups=[("it's; DROP TABLE", {"timeSeconds": minute})])
        assert response.status_code == 200

    assert [row[0] for row in _rows()] == ["it's; DROP TABLE"]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"timestamp": "", "metrics": {}},
        {"timestamp": "2026-11-01", "metrics": None},
        {"timestamp": "yesterday", "metrics": {"attributes": {"score": 1}}},
        {"timestamp": "0001-01-01T00:00:00+14:00", "metrics": {"attributes": {"score": 1}}},
        {"timestamp": "9999-12-31T23:00:00-14:00", "metrics": {"attributes": {"score": 1}}},
        {"timestamp": 5, "metrics": {}},
        {"timestamp": "2026-11-01", "metrics": {"attributes": {"score": None}}},
        {"timestamp": "2026-11-01", "metrics": {"attributes": {"score": True}}},
        {"timestamp": "2026-11-01", "metrics": {"attributes": {"score": ""}}},
        {"timestamp": "2026-11-01", "metrics": {"attributes": {"score": [1]}}},
        {"timestamp": "2026-11-01", "metrics": {"attributes": {"score": "nul\x00"}}},
        {"timestamp": "2026-11-01", "metrics": {"groupedMetrics": [{"groupClass": "c", "groupKey": "k"}]}},
    ],
)
def test_a_wrong_entry_is_refused_and_nothing_is_stored(school: School, entry: Any) -> None:
    _measured("score")
    school.init("u1")
    good = {"timestamp": "2026-11-01T10:00:00Z", "metrics": {"attributes": {"score": 1}}}

    response = school.send("POST", "log", "u1", {"value": [good, entry]})

    assert (response.status_code, response.json()["errorCode"]) == (400, 400)
    assert _rows() == []


def test_an_unknown_user_logs_nothing(school: School) -> None:
    assert _log(school, 1, {"score": 1}, user="ghost").status_code == 404


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_bloblog_reads_json_whatever_it_is_called(client: Client, school: School, content_type: str) -> None:
    _measured("score")
    school.init("u1")
    body = '{"userId": "u1", "value": [{"timestamp": "2026-11-01T10:00:00Z", "metrics": {"attributes": {"score": 1}}}]}'

    response = client.post("/api/v5/bloblog", data=body, content_type=content_type)

    (row,) = response.json()
    assert row["data"] == {"score": 1}
    assert {"createdAt", "updatedAt", "versionNumber"} <= row.keys()


def test_bloblog_of_an_unknown_user_is_404_with_json_inside(client: Client) -> None:
    response = client.post("/api/v5/bloblog", data='{"userId": "ghost", "value": []}', content_type="text/plain")

    assert response.status_code == 404
    assert response.json()["type"] == "Experiment user not defined"
    assert response.json()["message"].startswith("{")


@pytest.mark.parametrize("version", [5, 6])
def test_a_caliper_envelope_is_kept_raw_and_once(school: School, version: int) -> None:
    school.version = version
    school.init("u1")
    envelope = {"sensor": "https://tutor.example.org", "data": [{"type": "Event", "action": "Completed"}]}

    for _ in range(2):
        assert school.send("POST", "log/caliper", "u1", envelope).status_code == 200

    (event,) = Event.objects.filter(kind="caliper")
    assert event.payload["data"] == envelope["data"]


def test_a_caliper_envelope_of_an_unknown_user_is_404(school: School) -> None:
    assert school.send("POST", "log/caliper", "ghost", {}).status_code == 404
