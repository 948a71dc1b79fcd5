"""`/allocate`, `/allocate/batch` and `/evaluate`: criteria, bucket and sample in one call."""

from typing import Any

import pytest

from experiments.models import Experiment
from sampling.models import Sample
from tests.wire.experiment_api import api
from users.models import Assignment

pytestmark = pytest.mark.django_db

AMERICAN = {"User": {"country": "US", "age": 31}}
GERMAN = {"User": {"country": "DE", "age": 31}}


def _path(experiment: dict[str, Any], verb: str = "allocate") -> str:
    return f"/api/v1/experiments/{experiment['id']}/{verb}"


def _allocate(experiment: dict[str, Any], entity: str, **fields: Any) -> dict[str, Any]:
    allocation: dict[str, Any] = api.read(api.post(_path(experiment), {"sampled_entity": entity, **fields}))
    return allocation


def _batch(experiment: dict[str, Any], *entities: dict[str, Any]) -> list[dict[str, Any]]:
    answer: dict[str, Any] = api.read(api.post(_path(experiment, "allocate/batch"), {"entities": list(entities)}))
    rows: list[dict[str, Any]] = answer["allocations"]
    return rows


def test_an_entity_gets_a_bucket_and_a_sample() -> None:
    experiment = api.halves()

    allocation = _allocate(experiment, "user123", sampled_value="US")

    assert list(allocation) == ["sampled_entity", "eligible", "reason", "allocated_bucket", "sample"]
    assert (allocation["eligible"], allocation["reason"]) == (True, None)
    assert allocation["sample"]["allocated_bucket"] == allocation["allocated_bucket"]
    assert api.read(api.get(api.samples_of(experiment))) == [allocation["sample"]]


def test_the_same_entity_keeps_its_bucket_and_sample() -> None:
    experiment = api.halves()

    assert _allocate(experiment, "user123", sampled_value="US") == _allocate(experiment, "user123", sampled_value="US")
    assert Sample.objects.count() == Assignment.objects.count() == 1


def test_the_bucket_is_that_of_a_sample_for_which_we_choose() -> None:
    experiment = api.halves()
    entities = [f"user{number}" for number in range(20)]
    allocated = [_allocate(experiment, entity, sampled_value="US")["allocated_bucket"] for entity in entities]

    assert allocated == [api.sample(experiment, entity, value="DE")["allocated_bucket"] for entity in entities]


def test_who_does_not_qualify_gets_a_reason_and_nothing_is_stored() -> None:
    experiment = api.halves()
    api.criterion(experiment, api.condition())

    allocation = _allocate(experiment, "user123", attributes=GERMAN)

    assert allocation == {
        "sampled_entity": "user123",
        "eligible": False,
        "reason": "No criterion of the experiment holds",
        "allocated_bucket": None,
        "sample": None,
    }
    assert not Sample.objects.exists()
    assert not Assignment.objects.exists()


def test_the_sampled_value_is_read_by_the_criterion() -> None:
    experiment = api.halves()
    api.criterion(experiment, api.condition(property="age", value="30", condition="gte"))

    assert _allocate(experiment, "user123", attributes=AMERICAN)["sample"]["sampled_value"] == "US"
    assert _allocate(experiment, "user4", attributes=GERMAN)["sample"]["sampled_value"] == "DE"


def test_who_was_sampled_keeps_the_bucket_though_the_criteria_changed() -> None:
    experiment = api.halves()
    before = _allocate(experiment, "user123", sampled_value="DE", attributes=GERMAN)
    api.criterion(experiment, api.condition())

    assert _allocate(experiment, "user123", sampled_value="DE", attributes=GERMAN) == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": False}, "The experiment is not active"),
        ({"scheduled_start_date": "2999-01-01"}, "The experiment has not started yet"),
    ],
)
def test_nobody_is_allocated_where_the_experiment_does_not_run(fields: dict[str, Any], reason: str) -> None:
    allocation = _allocate(api.halves(**fields), "user123")

    assert (allocation["eligible"], allocation["reason"]) == (False, reason)


def test_nobody_is_allocated_unless_shares_sum_to_100() -> None:
    experiment = api.experiment()
    api.bucket(experiment, "control", 60)

    allocation = _allocate(experiment, "user123")

    assert allocation["reason"] == "The shares of the buckets must sum to 100, not 60"


def test_nobody_outside_the_traffic_is_allocated() -> None:
    experiment = api.halves()
    Experiment.objects.update(traffic=0)
    api.bucket(experiment, "control", 50)  # publishes

    assert _allocate(experiment, "user123")["reason"] == "This entity is not let into the experiment"


def test_an_experiment_that_has_started_allocates() -> None:
    assert _allocate(api.halves(scheduled_start_date="2020-01-01"), "user123")["eligible"]


def test_a_batch_is_answered_in_its_order_and_shares_one_arm_per_entity() -> None:
    experiment = api.halves()
    api.criterion(experiment, api.condition())
    api.sample(experiment, "known", "treatment")

    rows = _batch(
        experiment,
        {"sampled_entity": "ann", "attributes": AMERICAN},
        {"sampled_entity": "bob", "attributes": GERMAN},
        {"sampled_entity": "known", "sampled_value": "other"},
        {"sampled_entity": "ann", "sampled_value": "again", "attributes": AMERICAN},
        {"sampled_entity": "ann", "attributes": AMERICAN},
    )

    assert [row["sampled_entity"] for row in rows] == ["ann", "bob", "known", "ann", "ann"]
    assert [row["eligible"] for row in rows] == [True, False, True, True, True]
    assert rows[2]["allocated_bucket"] == "treatment"
    assert rows[0]["allocated_bucket"] == rows[3]["allocated_bucket"]
    assert rows[0]["sample"] == rows[4]["sample"]


def test_ten_thousand_are_allocated_in_a_few_statements(django_assert_max_num_queries: Any) -> None:
    experiment = api.halves()
    entities = [{"sampled_entity": f"user{number}", "sampled_value": "US"} for number in range(10_000)]

    with django_assert_max_num_queries(30):
        rows = _batch(experiment, *entities)

    shares = [row["allocated_bucket"] for row in rows].count("control")
    assert 4_700 < shares < 5_300
    assert Sample.objects.count() == Assignment.objects.count() == 10_000


def test_more_than_ten_thousand_are_a_fault() -> None:
    experiment = api.halves()
    entities = [{"sampled_entity": "u"}] * 10_001

    [fault] = api.faults(api.post(_path(experiment, "allocate/batch"), {"entities": entities}))

    assert (fault["loc"], fault["type"]) == (["body", "entities"], "too_long")


def test_one_faulty_entity_stores_nothing() -> None:
    experiment = api.halves()
    entities = [{"sampled_entity": "ann"}, {"sampled_entity": ""}]

    [fault] = api.faults(api.post(_path(experiment, "allocate/batch"), {"entities": entities}))

    assert fault["loc"] == ["body", "entities", 1, "sampled_entity"]
    assert not Sample.objects.exists()


def test_a_nul_in_an_attribute_does_no_harm() -> None:
    experiment = api.halves()
    api.criterion(experiment)

    allocation = _allocate(experiment, "user123", attributes={"User": {"country": "U\0S"}})

    assert allocation["sample"]["sampled_value"] == "US"


def test_evaluate_tells_what_the_criteria_say_and_stores_nothing() -> None:
    experiment = api.experiment()
    api.criterion(experiment, api.condition(), api.condition(property="age", value="30", condition="gte"))

    said = api.read(api.post(_path(experiment, "evaluate"), {"attributes": AMERICAN}))

    assert said == {"qualifies": True, "sampled_value": "US", "reason": None, "unknown_operators": []}
    assert not Sample.objects.exists()


def test_evaluate_reports_unknown_operators() -> None:
    experiment = api.experiment()
    api.criterion(experiment, api.condition(condition="resembles"))

    said = api.read(api.post(_path(experiment, "evaluate"), {"attributes": AMERICAN}))

    assert (said["qualifies"], said["unknown_operators"]) == (False, ["resembles"])


@pytest.mark.parametrize("verb", ["allocate", "allocate/batch", "evaluate"])
def test_an_unknown_experiment_is_404(verb: str) -> None:
    response = api.post(_path({"id": api.NOBODY}, verb), {"sampled_entity": "u", "entities": []})

    assert api.read(response, 404) == {"detail": "Experiment not found"}
