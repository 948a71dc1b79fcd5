"""POST `/api/evaluate`: what a correct SDK would answer (testlab contract §3.2, §3.3)."""

from typing import Any

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

IN_BLOCK_11 = "61"
IN_BLOCK_2 = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def _evaluate(user_id: Any, **asked: Any) -> Any:
    response = calling.post("/api/evaluate", {"user_id": user_id} | asked)
    assert response.status_code == 200, response.headers
    return response.json()["features"]


def test_toggles_are_true_while_they_run() -> None:
    calling.feature(name="on", type_id=1)
    calling.feature(name="paused", type_id=1, is_running=False)
    calling.feature(name="over", type_id=1, end_date="2023-03-01")

    seen = _evaluate("u", features=["on", "paused", "over", "unknown"])

    assert seen == {"on": True, "paused": False, "over": False, "unknown": False}


def test_without_names_every_current_feature_is_answered_in_order() -> None:
    for name in ("b", "a"):
        calling.feature(name=name, type_id=1)

    response = calling.post("/api/evaluate", {"user_id": 7})

    assert response.json() == {"user_id": "7", "hash": "server", "features": {"b": True, "a": True}}
    assert list(response.json()["features"]) == ["b", "a"]


@pytest.mark.parametrize("family", ["js", "ruby", "python", "server"])
@pytest.mark.parametrize(("share", "value"), [(1, True), (0, False)])
def test_a_rollout_is_for_everybody_or_nobody(family: str, share: int, value: bool) -> None:
    calling.feature(name="r", type_id=2, user_percentage=share)

    assert _evaluate("user123", hash=family) == {"r": value}


def test_a_rollout_is_hashed_with_its_name() -> None:
    calling.feature(name="3", type_id=2, user_percentage=0.47)
    calling.feature(name="4", type_id=2, user_percentage=0.46)

    seen = _evaluate("user12", hash="js", features=["3", "4"])

    assert seen == {"3": True, "4": False}


def test_the_javascript_hash_chooses_block_and_variant() -> None:
    made = calling.feature(user_percentage=0.55)
    blue, _ = calling.variants(made["id"])

    seen = _evaluate(IN_BLOCK_11, hash="js")

    assert seen == {made["name"]: {"id": blue["id"], "value": "blue"}}
    assert calling.blocks_of(made["id"])[-1] == 11


def test_a_user_outside_the_blocks_gets_nothing() -> None:
    made = calling.feature(user_percentage=0.5)
    calling.variants(made["id"])

    assert _evaluate(IN_BLOCK_11, hash="js") == {made["name"]: False}
    assert _evaluate(IN_BLOCK_2, hash="js")[made["name"]] is not False


def test_the_families_disagree_about_the_same_user() -> None:
    made = calling.feature(user_percentage=0.5)
    calling.variants(made["id"])

    seen = {family: _evaluate("user123", hash=family)[made["name"]] is not False for family in ("js", "ruby", "python")}

    assert seen == {"js": True, "ruby": False, "python": False}


@pytest.mark.parametrize("family", ["js", "ruby", "python", "server"])
def test_what_was_recorded_counts_first(family: str) -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])

    for number in range(6):
        arm = arms[number % 2]
        calling.record(arm["id"], f"user {number}")
        assert _evaluate(f"user {number}", hash=family)[made["name"]]["id"] == arm["id"]


def test_a_paused_experiment_gives_nothing_even_to_the_recorded() -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])
    calling.record(arms[0]["id"], "u")

    calling.put(f"/api/feature/{made['id']}", made | {"is_running": False})

    assert _evaluate("u") == {made["name"]: False}


def test_the_server_spreads_short_numbers() -> None:
    made = calling.feature(user_percentage=1)
    arms = calling.variants(made["id"])

    seen = {_evaluate(number)[made["name"]]["id"] for number in range(1, 12)}

    assert seen == {arm["id"] for arm in arms}


@pytest.mark.parametrize(
    "fields", [{"hash": "md5"}, {"hash": None}, {"user_id": None}, {"user_id": "\u0000"}, {"features": "x"}]
)
def test_a_question_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    response = calling.post("/api/evaluate", {"user_id": "u"} | fields)

    assert (response.status_code, response.json()) == (403, "Error in evaluating the features")
