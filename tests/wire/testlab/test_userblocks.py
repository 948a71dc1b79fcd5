"""The user-blocks: GET and PUT `/api/userblocks`, and what `/api/feature/current` does to them (§2.6)."""

from typing import Any

import pytest
from django.test import Client

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


def test_there_are_twenty_blocks() -> None:
    blocks = calling.get("/api/userblocks").json()

    assert blocks == [{"id": number, "name": str(5 * number), "feature_id": None} for number in range(1, 21)]


def test_a_block_is_found_by_its_name() -> None:
    assert calling.get("/api/userblocks/20").json() == {"id": 4, "name": "20", "feature_id": None}


@pytest.mark.parametrize("name", ["23", "4", "0", "x", "%00", "5.0"])
def test_an_unknown_name_is_a_403(name: str) -> None:
    response = calling.get(f"/api/userblocks/{name}")

    assert (response.status_code, response.json()) == (403, "Error in getting userblock in postgres")


@pytest.mark.parametrize(("sent", "answered"), [("86", 86), (63, 63), ("63", 63), (None, None), (-1, -1)])
def test_a_block_is_given_by_hand_to_any_number(sent: Any, answered: int | None) -> None:
    response = calling.put("/api/userblocks", {"feature_id": sent, "name": "10"})

    assert (response.status_code, response.json()) == (200, {"id": 2, "name": "10", "feature_id": answered})
    assert calling.get("/api/userblocks/10").json() == response.json()


@pytest.mark.parametrize("name", [10, 10.0])
def test_a_block_may_be_named_by_number(name: float) -> None:
    assert calling.put("/api/userblocks", {"feature_id": 1, "name": name}).json()["name"] == "10"


def test_a_name_that_is_not_sent_as_json_is_not_sent() -> None:
    response = Client().put("/api/userblocks", '{"feature_id": 1, "name": "13"}', content_type="text/plain")

    assert response.json() == "Error in updating userblock with name undefined in postgres"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"feature_id": 1, "name": "13"}, "13"),
        ({"feature_id": 1, "name": "4"}, "4"),
        ({"feature_id": 1, "name": 4}, "4"),
        ({"feature_id": 1}, "undefined"),
        ({"feature_id": 1, "name": None}, "null"),
        ({"feature_id": "x", "name": "10"}, "10"),
        ({"feature_id": 1.5, "name": "10"}, "10"),
        ([], "undefined"),
        ({"feature_id": 2**64, "name": "10"}, "10"),
    ],
)
def test_the_refusal_names_the_block_as_it_was_sent(body: Any, name: str) -> None:
    response = calling.put("/api/userblocks", body)

    assert (response.status_code, response.json()) == (
        403,
        f"Error in updating userblock with name {name} in postgres",
    )


def test_a_reset_frees_all_blocks() -> None:
    made = calling.feature()
    assert len(calling.blocks_of(made["id"])) == 10

    response = calling.put("/api/userblocks/reset")

    assert [block["feature_id"] for block in response.json()] == [None] * 20
    assert [block["id"] for block in response.json()] == list(range(1, 21))
    assert response.json() == calling.get("/api/userblocks").json()


def test_a_block_of_no_current_experiment_is_freed_when_features_are_asked_for() -> None:
    calling.put("/api/userblocks", {"feature_id": "86", "name": "10"})

    assert calling.blocks_of(86) == []


def test_two_halves_share_the_blocks() -> None:
    first, second = calling.feature(name="first"), calling.feature(name="second")

    assert calling.blocks_of(first["id"]) == list(range(1, 11))
    assert calling.blocks_of(second["id"]) == list(range(11, 21))


def test_a_third_one_waits_until_blocks_are_freed() -> None:
    first = calling.feature(name="first")
    calling.feature(name="second")
    third = calling.feature(name="third", user_percentage=0.3)
    assert [row["id"] for row in calling.current()["experiments"]][-1] == third["id"]
    assert calling.blocks_of(third["id"]) == []

    calling.delete(f"/api/feature/{first['id']}")

    assert calling.blocks_of(third["id"]) == list(range(1, 7))


def test_a_squeezed_experiment_is_topped_up() -> None:
    first = calling.feature(name="first", user_percentage=0.6)
    second = calling.feature(name="second", user_percentage=0.6)
    assert (len(calling.blocks_of(first["id"])), len(calling.blocks_of(second["id"]))) == (12, 8)
    kept = calling.blocks_of(second["id"])

    calling.delete(f"/api/feature/{first['id']}")

    assert len(calling.blocks_of(second["id"])) == 12
    assert set(calling.blocks_of(second["id"])) > set(kept)


@pytest.mark.parametrize(
    "change",
    [
        {"end_date": "2023-03-01"},
        {"start_date": "2098-01-01"},
        {"type_id": 2},
        {"type_id": 1},
    ],
)
def test_an_experiment_that_is_not_current_any_more_frees_its_blocks(change: dict[str, Any]) -> None:
    made = calling.feature()
    calling.variants(made["id"])
    assert len(calling.blocks_of(made["id"])) == 10

    calling.put(f"/api/feature/{made['id']}", made | change)

    assert calling.blocks_of(made["id"]) == []


def test_freed_blocks_are_given_away_in_the_same_call() -> None:
    first = calling.feature(name="first", user_percentage=1)
    second = calling.feature(name="second", user_percentage=1)
    assert calling.blocks_of(second["id"]) == []

    calling.put(f"/api/feature/{first['id']}", first | {"end_date": "2023-03-01"})

    assert len(calling.blocks_of(second["id"])) == 20


def test_a_paused_experiment_keeps_its_blocks_and_is_listed() -> None:
    made = calling.feature()
    calling.variants(made["id"])
    before = calling.blocks_of(made["id"])

    calling.put(f"/api/feature/{made['id']}", made | {"is_running": False})

    assert calling.blocks_of(made["id"]) == before
    (listed,) = calling.current()["experiments"]
    assert listed["is_running"] is False
    assert [arm["value"] for arm in listed["variant_arr"]] == ["blue", "red"]


def test_an_experiment_grows_and_shrinks_with_its_percentage_and_keeps_its_first_blocks() -> None:
    made = calling.feature()
    assert calling.blocks_of(made["id"]) == list(range(1, 11))

    calling.put(f"/api/feature/{made['id']}", made | {"user_percentage": 0.9})
    assert calling.blocks_of(made["id"]) == list(range(1, 19))

    calling.put(f"/api/feature/{made['id']}", made | {"user_percentage": 0.05})
    assert calling.blocks_of(made["id"]) == [1]


@pytest.mark.parametrize(
    ("share", "blocks"),
    [(0.01, 1), (0.12, 3), (0.55, 11), (0.15, 3), (0.35, 7), (0.7, 14), (0, 0), (1, 20), (0.05, 1), ("0.050001", 2)],
)
def test_a_share_is_rounded_up_to_whole_blocks_exactly(share: Any, blocks: int) -> None:
    made = calling.feature(user_percentage=share)

    assert len(calling.blocks_of(made["id"])) == blocks


@pytest.mark.parametrize("type_id", [1, 2])
def test_only_experiments_have_blocks(type_id: int) -> None:
    made = calling.feature(type_id=type_id)

    assert calling.blocks_of(made["id"]) == []


def test_a_future_experiment_reserves_no_blocks() -> None:
    made = calling.feature(start_date="2098-01-01")

    assert calling.blocks_of(made["id"]) == []


def test_who_waits_is_ranked_by_start_then_by_id() -> None:
    holder = calling.feature(name="holder", user_percentage=1)
    late = calling.feature(name="late", start_date="2023-06-01", user_percentage=1)
    early = calling.feature(name="early", start_date="2023-05-01", user_percentage=1)

    calling.delete(f"/api/feature/{holder['id']}")

    assert len(calling.blocks_of(early["id"])) == 20
    assert calling.blocks_of(late["id"]) == []
