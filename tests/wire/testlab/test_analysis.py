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
    assert (treatment["p_value"], treatment["test"]) == (pytest.approx(0.032508, abs=1e-6), "Fisher's exact test")
    assert treatment["adjusted_p_value"] == treatment["p_value"]
    assert treatment["interval_method"] == "Newcombe; lift: Walter"
    assert treatment["difference_confidence_interval"] == pytest.approx([0.117367, 0.763407], abs=1e-6)
    assert treatment["lift_confidence_interval"] == pytest.approx([0.072420, 2.398508], abs=1e-6)
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


def test_users_in_one_block_are_warned_about_after_the_end_too() -> None:
    made = calling.feature(user_percentage=1)
    blue, red = calling.variants(made["id"])
    for number in range(20):
        calling.record((blue, red)[number % 2]["id"], str(number + 100))

    calling.put(f"/api/feature/{made['id']}", made | {"end_date": "2023-03-01"})

    assert calling.blocks_of(made["id"]) == []
    assert "one user-block" in calling.get(f"/api/analysis/feature/{made['id']}").json()[0]["warnings"][0]


def test_several_variants_are_allowed_for() -> None:
    made = calling.feature(user_percentage=1)
    arms = calling.variants(made["id"], 0.25, 0.25, 0.25, 0.25)
    for number in range(40):
        calling.record(arms[number % 4]["id"], f"user {number}")
        if number % 4 == 1 or number < 12:
            calling.event(arms[number % 4]["id"], f"user {number}")

    control, *rows = calling.get(f"/api/analysis/feature/{made['id']}").json()

    assert control["adjusted_p_value"] is None
    assert [row["adjusted_p_value"] for row in rows] == [pytest.approx(3 * rows[0]["p_value"]), 1.0, 1.0]


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
