"""Looking up samples, `/samples/stats`, `/check` and the outcome that comes with `complete`."""

import statistics
from datetime import timedelta
from typing import Any

import pytest

from experiments.models import Experiment
from sampling.models import Sample
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def _complete(experiment: dict[str, Any], sample: dict[str, Any], **body: Any) -> None:
    api.read(api.post(f"{api.samples_of(experiment)}/{sample['id']}/complete", body or None))


def _found(experiment: dict[str, Any], query: str) -> list[str]:
    return [row["sampled_entity"] for row in api.read(api.get(f"{api.samples_of(experiment)}?{query}"))]


@pytest.fixture
def experiment() -> dict[str, Any]:
    made = api.halves()
    ann = api.sample(made, "ann", "control", value="US")
    api.sample(made, "bob", "treatment", value="US")
    api.sample(made, "ann", "control", value="DE")
    _complete(made, ann, outcome=2.5)
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sampled_entity=ann", ["ann", "ann"]),
        ("sampled_entity=ann&sampled_value=DE", ["ann"]),
        ("sampled_value=US", ["bob", "ann"]),
        ("bucket=treatment", ["bob"]),
        ("complete=true", ["ann"]),
        ("complete=no", ["ann", "bob"]),
        ("since=2020-01-01", ["ann", "bob", "ann"]),
        ("since=2999-01-01", []),
        ("sampled_entity=nobody", []),
        ("sampled_entity=", []),
    ],
)
def test_samples_are_looked_up(experiment: dict[str, Any], query: str, found: list[str]) -> None:
    assert _found(experiment, query) == found


def test_samples_are_paged_newest_first_with_filters() -> None:
    experiment = Experiment.objects.get(uid=api.experiment()["id"])
    Sample.objects.bulk_create(
        [Sample(experiment=experiment, entity=f"u{n}", value="US", bucket="ab"[n % 2]) for n in range(14)]
    )
    path = f"/api/v1/experiments/{experiment.uid}/samples?bucket=a&limit=3&page_token="

    pages = [api.read(api.get(path))]
    while pages[-1]["next_page_token"]:
        pages.append(api.read(api.get(path + pages[-1]["next_page_token"])))

    assert [[row["sampled_entity"] for row in page["samples"]] for page in pages] == [
        ["u12", "u10", "u8"],
        ["u6", "u4", "u2"],
        ["u0"],
    ]


def test_one_sample_can_be_read(experiment: dict[str, Any]) -> None:
    newest = api.read(api.get(api.samples_of(experiment)))[0]

    assert api.read(api.get(f"{api.samples_of(experiment)}/{newest['id']}")) == newest
    assert api.read(api.get(f"{api.samples_of(experiment)}/{api.NOBODY}"), 404) == {"detail": "Sample not found"}


def test_the_first_outcome_wins(experiment: dict[str, Any]) -> None:
    sample = Sample.objects.get(complete=True)
    done_at = sample.completed_at

    _complete(experiment, {"id": sample.uid}, outcome=9)

    sample.refresh_from_db()
    assert (sample.outcome, sample.completed_at) == (2.5, done_at)


def test_an_outcome_may_follow_a_completion(experiment: dict[str, Any]) -> None:
    sample = {"id": Sample.objects.get(entity="bob").uid}
    _complete(experiment, sample)
    _complete(experiment, sample, outcome=-1)

    assert Sample.objects.get(entity="bob").outcome == -1


@pytest.mark.parametrize(("outcome", "kind"), [("x", "float_parsing"), ([], "float_type"), (1e101, "less_than_equal")])
def test_an_outcome_is_a_number(experiment: dict[str, Any], outcome: Any, kind: str) -> None:
    sample = Sample.objects.get(entity="bob")

    response = api.post(f"{api.samples_of(experiment)}/{sample.uid}/complete", {"outcome": outcome})

    assert [fault["type"] for fault in api.faults(response)] == [kind]
    assert not Sample.objects.get(entity="bob").complete


def test_stats_count_every_bucket(experiment: dict[str, Any]) -> None:
    start = Sample.objects.get(entity="bob").created_at
    Sample.objects.filter(value="DE").update(created_at=start + timedelta(hours=1))

    stats = api.read(api.get(f"{api.samples_of(experiment)}/stats"))

    assert (stats["experiment_id"], stats["total"], stats["complete"]) == (experiment["id"], 3, 1)
    control, treatment = stats["buckets"]
    assert control["last_sampled_at"] == (start + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert control["first_sampled_at"] < control["last_sampled_at"]
    del control["first_sampled_at"], control["last_sampled_at"]
    assert control == {
        "bucket_name": "control",
        "total": 2,
        "complete": 1,
        "completion_rate": 0.5,
        "expected_share": 0.5,
        "outcomes": 1,
        "outcome_mean": 2.5,
        "outcome_stddev": None,
        "completion_against_control": None,
        "outcome_against_control": None,
    }
    assert (treatment["total"], treatment["completion_rate"], treatment["outcome_mean"]) == (1, 0.0, None)


@pytest.mark.parametrize(("sizes", "p"), [((50, 50), 1.0), ((60, 40), 0.0455), ((90, 10), 0.0)])
def test_stats_tell_whether_the_split_is_the_designed_one(sizes: tuple[int, int], p: float) -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    for bucket, size in zip(("control", "treatment"), sizes, strict=True):
        Sample.objects.bulk_create(
            [Sample(experiment=experiment, entity=f"{bucket}{n}", value="v", bucket=bucket) for n in range(size)]
        )

    stats = api.read(api.get(f"{api.samples_of(made)}/stats"))

    assert stats["sample_ratio_p_value"] == pytest.approx(p, abs=1e-4)


def test_stats_compare_every_bucket_with_the_control() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    # Wikipedia, "Welch's t-test", the second example: t = -1.57, p = 0.149.
    outcomes = {
        "control": [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8],
        "treatment": [
            *(21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8),
            *(20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5, 23.5, 21.5, 21.8),
        ],
    }
    for bucket, values in outcomes.items():
        Sample.objects.bulk_create(
            Sample(experiment=experiment, entity=f"{bucket}{n}", value="v", bucket=bucket, complete=True, outcome=value)
            for n, value in enumerate(values)
        )
    Sample.objects.bulk_create(
        Sample(experiment=experiment, entity=f"open{n}", value="v", bucket="control") for n in range(10)
    )

    control, treatment = api.read(api.get(f"{api.samples_of(made)}/stats"))["buckets"]

    assert control["outcome_stddev"] == pytest.approx(statistics.stdev(outcomes["control"]))
    assert control["outcome_against_control"] is control["completion_against_control"] is None
    outcome, completion = treatment["outcome_against_control"], treatment["completion_against_control"]
    assert outcome["p_value"] == pytest.approx(0.149, abs=5e-4)
    assert outcome["lift"] == pytest.approx(outcome["difference"] / control["outcome_mean"])
    assert outcome["difference_interval"][0] < 0 < outcome["difference"] < outcome["difference_interval"][1]
    assert (completion["difference"], completion["lift"]) == (0.5, 1.0)
    assert completion["p_value"] < 0.001


def test_outcomes_that_are_large_and_close_keep_their_spread() -> None:
    made = api.halves()
    experiment = Experiment.objects.get(uid=made["id"])
    Sample.objects.bulk_create(
        Sample(experiment=experiment, entity=f"u{n}", value="v", bucket="control", outcome=1e12 + n) for n in range(3)
    )

    control = api.read(api.get(f"{api.samples_of(made)}/stats"))["buckets"][0]

    assert (control["outcome_mean"], control["outcome_stddev"]) == (1e12 + 1, 1.0)


def test_stats_of_an_experiment_without_samples_or_buckets() -> None:
    empty, nothing = api.halves(), api.experiment()
    api.sample(nothing, "ann", "made-up")

    of_empty = api.read(api.get(f"{api.samples_of(empty)}/stats"))
    of_nothing = api.read(api.get(f"{api.samples_of(nothing)}/stats"))

    assert [row["completion_rate"] for row in of_empty["buckets"]] == [None, None]
    assert of_empty["sample_ratio_p_value"] is of_nothing["sample_ratio_p_value"] is None
    assert [(row["bucket_name"], row["expected_share"]) for row in of_nothing["buckets"]] == [("made-up", None)]


def test_a_whole_experiment_is_ready() -> None:
    checked = api.read(api.get(f"/api/v1/experiments/{api.halves()['id']}/check"))

    assert checked == {"ready": True, "problems": [], "unknown_operators": [], "percentage_total": 100.0}


def test_check_tells_everything_that_stands_in_the_way() -> None:
    made = api.experiment(of=api.service(active=False), active=False, scheduled_start_date="2999-01-01")
    api.bucket(made, "control", 30)
    api.criterion(made, api.condition(condition="resembles"), api.condition(condition="~"))

    checked = api.read(api.get(f"/api/v1/experiments/{made['id']}/check"))

    assert checked == {
        "ready": False,
        "problems": [
            "The service is not active",
            "The experiment is not active",
            "The experiment has not started yet",
            "The shares of the buckets must sum to 100, not 30",
        ],
        "unknown_operators": ["resembles", "~"],
        "percentage_total": 30.0,
    }


@pytest.mark.parametrize("path", ["samples/stats", "check", f"samples/{api.NOBODY}"])
def test_an_unknown_experiment_is_404(path: str) -> None:
    response = api.get(f"/api/v1/experiments/{api.NOBODY}/{path}")

    assert api.read(response, 404) == {"detail": "Experiment not found"}
