"""`/samples/export`: every sample as CSV or JSON lines, in a stream."""

import csv
import io
import json
from typing import Any

import pytest

from experiments.models import Experiment
from sampling.models import Sample
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def _export(experiment: dict[str, Any], query: str = "") -> tuple[str, str]:
    response: Any = api.get(f"{api.samples_of(experiment)}/export{query}")
    assert response.status_code == 200
    assert response.streaming
    return response["Content-Type"], b"".join(response.streaming_content).decode()


def test_samples_are_exported_as_csv_oldest_first() -> None:
    made = api.halves()
    for entity in ("ann", "=cmd()"):
        api.sample(made, entity, "control")

    kind, text = _export(made)

    rows = list(csv.DictReader(io.StringIO(text)))
    assert kind == "text/csv; charset=utf-8"
    assert [row["sampled_entity"] for row in rows] == ["ann", "'=cmd()"]
    assert (rows[0]["allocated_bucket"], rows[0]["complete"]) == ("control", "false")


def test_samples_are_exported_as_json_lines() -> None:
    made = api.halves()
    sample = api.sample(made, "ann", "control")

    kind, text = _export(made, "?format=ndjson")

    [row] = [json.loads(line) for line in text.splitlines()]
    assert kind == "application/x-ndjson"
    assert {name: row[name] for name in ("id", "sampled_entity", "created_at")} == {
        "id": sample["id"],
        "sampled_entity": "ann",
        "created_at": sample["created_at"],
    }


def test_another_experiment_s_samples_stay_out() -> None:
    made, other = api.halves(), api.halves()
    api.sample(other, "bob", "control")

    assert _export(made, "?format=ndjson")[1] == ""


def test_the_time_of_samples_can_be_bounded() -> None:
    made = api.halves()
    for entity in ("ann", "bob", "cleo"):
        api.sample(made, entity, "control")
    times = Sample.objects.order_by("id").values_list("created_at", flat=True)
    bounds = f"?format=ndjson&since={times[1].isoformat().replace('+00:00', 'Z')}&until=2999-01-01"

    names = [json.loads(line)["sampled_entity"] for line in _export(made, bounds)[1].splitlines()]

    assert names == ["bob", "cleo"]


def test_ten_thousand_are_read_in_windows(django_assert_max_num_queries: Any) -> None:
    experiment = Experiment.objects.get(uid=api.experiment()["id"])
    Sample.objects.bulk_create(
        [Sample(experiment=experiment, entity=f"u{n}", value="v", bucket="b") for n in range(10_001)]
    )

    with django_assert_max_num_queries(6):
        text = _export({"id": experiment.uid})[1]

    assert text.count("\n") == 10_002


@pytest.mark.parametrize(("query", "name"), [("?format=xml", "format"), ("?since=yesterday", "since")])
def test_a_wrong_wish_is_a_fault(query: str, name: str) -> None:
    [fault] = api.faults(api.get(f"{api.samples_of(api.halves())}/export{query}"))

    assert fault["loc"] == ["query", name]


def test_an_unknown_experiment_is_404() -> None:
    assert api.read(api.get(f"/api/v1/experiments/{api.NOBODY}/samples/export"), 404) == {
        "detail": "Experiment not found"
    }
