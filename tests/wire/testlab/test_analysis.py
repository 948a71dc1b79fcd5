"""GET `/api/analysis/feature/:id` (testlab contract §2.5)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

DOCUMENTED = ["id", "value", "is_control", "weight", "event_total", "distinct_user_events_total", "total_users"]


def _documented(feature_id: int) -> list[tuple[object, ...]]:
    rows = calling.get(f"/api/analysis/feature/{feature_id}").json()
    return [tuple(row[name] for name in DOCUMENTED) for row in rows]


def test_events_people_and_users_are_counted_per_variant() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])
    for user, arm, events in (("a", blue, 5), ("b", blue, 1), ("c", red, 2), ("d", red, 0)):
        calling.record(arm["id"], user)
        for _ in range(events):
            calling.event(arm["id"], user)

    assert _documented(made["id"]) == [
        (blue["id"], "blue", True, "0.5", 6, 2, 2),
        (red["id"], "red", False, "0.5", 2, 1, 2),
    ]
    first = calling.get(f"/api/analysis/feature/{made['id']}").json()[0]
    assert list(first)[: len(DOCUMENTED)] == DOCUMENTED


@pytest.mark.parametrize("feature_id", [0, 2**31])
def test_an_unknown_feature_has_no_analysis(feature_id: int) -> None:
    response = calling.get(f"/api/analysis/feature/{feature_id}")

    assert (response.status_code, response.json()) == (200, [])


def test_a_feature_without_variants_has_no_analysis() -> None:
    assert calling.get(f"/api/analysis/feature/{calling.feature()['id']}").json() == []


def test_something_that_is_no_number_cannot_be_analysed() -> None:
    response = calling.get("/api/analysis/feature/x")

    assert (response.status_code, response.json()) == (403, "Error getting the analysis in postgres")


def test_events_of_people_with_another_variant_convert_nobody() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])
    calling.record(blue["id"], "a")
    calling.event(red["id"], "a")

    first, second = calling.get(f"/api/analysis/feature/{made['id']}").json()

    assert (second["distinct_user_events_total"], second["total_users"]) == (1, 0)
    assert (first["conversion_rate"], second["conversion_rate"]) == (0.0, None)


def test_the_figures_come_with_their_statistics() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])
    for number in range(20):
        arm = (blue, red)[number % 2]
        calling.record(arm["id"], f"user {number}")
        if number % 2 == 1 or number < 10:
            calling.event(arm["id"], f"user {number}")

    control, treatment = calling.get(f"/api/analysis/feature/{made['id']}").json()

    assert (control["conversion_rate"], treatment["conversion_rate"]) == (0.5, 1.0)
    assert (control["lift"], control["p_value"]) == (None, None)
    assert treatment["lift"] == 1.0
    assert treatment["p_value"] == pytest.approx(0.0098232, abs=1e-6)
    low, high = treatment["difference_confidence_interval"]
    assert (low, high) == (pytest.approx(0.190102, abs=1e-6), pytest.approx(0.809898, abs=1e-6))
    assert treatment["sample_ratio_p_value"] == pytest.approx(1.0)


def test_the_number_of_reads_does_not_grow_with_the_variants() -> None:
    two, four = calling.feature(name="two"), calling.feature(name="four")
    calling.variants(two["id"])
    calling.variants(four["id"], 0.25, 0.25, 0.25, 0.25)
    reads = []

    for made in (two, four):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            calling.get(f"/api/analysis/feature/{made['id']}")
        reads.append(len(seen))

    assert reads[0] == reads[1]


def test_users_in_one_block_are_warned_about() -> None:
    made = calling.feature(user_percentage=1)
    blue, red = calling.variants(made["id"])
    calling.current()
    for number in range(20):
        calling.record((blue, red)[number % 2]["id"], str(number + 100))

    rows = calling.get(f"/api/analysis/feature/{made['id']}").json()

    assert all(len(row["warnings"]) == 1 and "one user-block" in row["warnings"][0] for row in rows)


def test_spread_users_are_not_warned_about() -> None:
    made = calling.feature(user_percentage=1)
    blue, red = calling.variants(made["id"])
    calling.current()
    for number in range(20):
        calling.record((blue, red)[number % 2]["id"], f"{number * 7919:x}-{number * 104729:x}@example.com")

    assert calling.get(f"/api/analysis/feature/{made['id']}").json()[0]["warnings"] == []


def test_a_wrong_split_is_warned_about() -> None:
    made = calling.feature(user_percentage=0.05)
    blue, _ = calling.variants(made["id"])
    for number in range(16):
        calling.record(blue["id"], f"user {number}")

    row = calling.get(f"/api/analysis/feature/{made['id']}").json()[0]

    assert row["sample_ratio_p_value"] == pytest.approx(6.334e-5, rel=1e-3)
    assert "not split by the weights" in row["warnings"][0]
