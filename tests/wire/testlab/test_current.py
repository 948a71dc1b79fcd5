"""GET `/api/feature/current` (testlab contract §2.6)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

TODAY = datetime.now(UTC).date()


def test_current_features_come_by_type_with_the_blocks() -> None:
    toggle = calling.feature(name="toggle", type_id=1)
    rollout = calling.feature(name="rollout", type_id=2)
    experiment = calling.feature(name="experiment")
    arms = calling.variants(experiment["id"])

    seen = calling.current()

    assert list(seen) == ["experiments", "toggles", "rollouts", "userblocks"]
    polled = [{name: value for name, value in arm.items() if name != "feature_id"} for arm in arms]
    assert seen["experiments"] == [experiment | {"variant_arr": polled}]
    assert seen["toggles"] == [toggle]
    assert seen["rollouts"] == [rollout]
    assert [block["id"] for block in seen["userblocks"]] == list(range(1, 21))


def test_without_features_there_are_only_blocks() -> None:
    seen = calling.current()

    assert (seen["experiments"], seen["toggles"], seen["rollouts"]) == ([], [], [])
    assert len(seen["userblocks"]) == 20


@pytest.mark.parametrize(
    ("first", "last", "is_listed"),
    [(0, 0, True), (-1, 0, True), (0, 1, True), (1, 2, False), (-2, -1, False), (1, -1, False)],
)
def test_both_days_are_included(first: int, last: int, is_listed: bool) -> None:
    calling.feature(
        start_date=(TODAY + timedelta(days=first)).isoformat(), end_date=(TODAY + timedelta(days=last)).isoformat()
    )

    assert bool(calling.current()["experiments"]) is is_listed


@pytest.mark.parametrize(("type_id", "list_name"), [(1, "toggles"), (2, "rollouts"), (3, "experiments")])
def test_paused_features_are_listed(type_id: int, list_name: str) -> None:
    calling.feature(type_id=type_id, is_running=False)

    assert [row["is_running"] for row in calling.current()[list_name]] == [False]


def test_an_experiment_is_listed_before_it_has_variants() -> None:
    made = calling.feature()

    assert calling.current()["experiments"] == [made]


@pytest.mark.parametrize(("type_id", "list_name"), [(1, "toggles"), (2, "rollouts"), (3, "experiments")])
@pytest.mark.parametrize("made_as", [1, 2, 3])
def test_a_polled_feature_is_the_one_that_is_read_whatever_has_become_of_it(
    made_as: int, type_id: int, list_name: str
) -> None:
    made = calling.feature(type_id=made_as)
    calling.variants(made["id"])

    calling.put(f"/api/feature/{made['id']}", made | {"type_id": type_id})

    read = calling.get(f"/api/feature/{made['id']}").json()
    assert calling.current()[list_name] == [read]
    assert [arm["value"] for arm in read["variant_arr"]] == ["blue", "red"]
