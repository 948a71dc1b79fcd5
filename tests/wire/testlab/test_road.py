"""The whole way once, as an admin and an SDK walk it."""

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


def test_an_experiment_is_made_polled_recorded_and_analysed() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])

    seen = calling.current()
    calling.record(blue["id"], "62")
    calling.event(blue["id"], "62")
    analysis = calling.get(f"/api/analysis/feature/{made['id']}").json()

    assert [row["id"] for row in seen["experiments"]] == [made["id"]]
    assert [row["feature_id"] for row in seen["userblocks"]] == [made["id"]] * 10 + [None] * 10
    assert [(row["event_total"], row["total_users"]) for row in analysis] == [(1, 1), (0, 0)]
    assert red["weight"] == "0.5"
