"""POST and GET `/api/feature/:id/variants` (testlab contract §2.3)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

REFUSED = "Error in creating the variants in postgres"


def _post(feature_id: Any, *entries: dict[str, Any], **extra: Any) -> Any:
    sent = [{"feature_id": feature_id} | entry for entry in entries]
    return calling.post(f"/api/feature/{feature_id}/variants", {"variants": sent} | extra)


def test_created_variants_are_answered_with_their_feature() -> None:
    made = calling.feature()

    response = calling.post(
        f"/api/feature/{made['id']}/variants",
        {
            "variants": [
                {"feature_id": made["id"], "value": "blue", "is_control": True, "weight": 0.5},
                {"feature_id": made["id"], "value": "red", "is_control": False, "weight": 0.5},
            ]
        },
    )

    assert response.status_code == 200
    first, second = response.json()
    assert list(first) == ["id", "feature_id", "value", "is_control", "weight"]
    assert first | {"id": 0} == {
        "id": 0,
        "feature_id": made["id"],
        "value": "blue",
        "is_control": True,
        "weight": "0.5",
    }
    assert second["id"] > first["id"]


def test_listed_variants_do_not_repeat_their_feature() -> None:
    made = calling.feature()
    calling.variants(made["id"])

    listed = calling.get(f"/api/feature/{made['id']}/variants").json()

    assert [list(arm) for arm in listed] == [["id", "value", "is_control", "weight"]] * 2
    assert [arm["id"] for arm in listed] == sorted(arm["id"] for arm in listed)


def test_an_unknown_feature_has_no_variants() -> None:
    response = calling.get("/api/feature/0/variants")

    assert (response.status_code, response.json()) == (200, [])


def test_the_variants_of_something_that_is_no_number_cannot_be_listed() -> None:
    response = calling.get("/api/feature/x/variants")

    assert (response.status_code, response.json()) == (403, "Error getting variants by feature Id")


@pytest.mark.parametrize(
    ("weights", "answered"),
    [
        ((0.5, 0.5), ["0.5", "0.5"]),
        (("0.50", "0.500"), ["0.50", "0.500"]),
        ((1, 0), ["1", "0"]),
        ((1.0, 0.0), ["1", "0"]),
        (("1.0", "0"), ["1.0", "0"]),
        ((0.7, 0.2, 0.1), ["0.7", "0.2", "0.1"]),
        ((0.33, 0.33, 0.34), ["0.33", "0.33", "0.34"]),
    ],
)
def test_weights_are_text_as_they_were_written(weights: tuple[Any, ...], answered: list[str]) -> None:
    made = calling.feature()

    arms = calling.variants(made["id"], *weights)

    assert [arm["weight"] for arm in arms] == answered
    polled = calling.current()["experiments"][0]["variant_arr"]
    assert [arm["weight"] for arm in polled] == answered
    assert [arm["weight"] for arm in calling.get(f"/api/feature/{made['id']}/variants").json()] == answered


@pytest.mark.parametrize(
    ("number", "answered"),
    [
        (2, ["0.5", "0.5"]),
        (3, ["0.333333333333", "0.333333333333", "0.333333333334"]),
        (4, ["0.25"] * 4),
        (5, ["0.2"] * 5),
    ],
)
def test_without_weights_everyone_gets_an_equal_part(number: int, answered: list[str]) -> None:
    made = calling.feature()

    response = _post(made["id"], *({"value": f"arm {position}"} for position in range(number)))

    assert [arm["weight"] for arm in response.json()] == answered
    assert [arm["is_control"] for arm in response.json()] == [False] * number


@pytest.mark.parametrize("weights", [(0.7, 0.2, 0.1), (0.01, 0.56, 0.43), (0.29, 0.57, 0.14)])
def test_splits_that_floating_point_gets_wrong_are_accepted(weights: tuple[float, ...]) -> None:
    assert len(calling.variants(calling.feature()["id"], *weights)) == 3


def test_thirds_as_javascript_writes_them_add_up() -> None:
    assert len(calling.variants(calling.feature()["id"], *[0.3333333333333333] * 3)) == 3


def test_the_id_may_be_text_and_the_top_level_id_is_ignored() -> None:
    made = calling.feature()

    response = _post(str(made["id"]), {"value": "a"}, {"value": "b"}, id=17)

    assert response.status_code == 200
    assert response.json()[0]["feature_id"] == made["id"]


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{"value": "a", "weight": 0.5}, {"value": "b", "weight": 0.4}],
        [{"value": "a", "weight": 0.9}, {"value": "b", "weight": 0.2}],
        [{"value": "a", "weight": 1.5}, {"value": "b", "weight": -0.5}],
        [{"value": "a", "weight": 1}, {"value": "b", "weight": 1.5}],
        [{"value": "a", "weight": 1}, {"value": None, "weight": 0}],
        [{"value": "a", "weight": 1}, {"weight": 0}],
        [{"value": "a", "weight": 1}, {"value": "", "weight": 0}],
        [{"value": "a", "weight": 1}, {"value": "\u0000", "weight": 0}],
        [{"value": "a", "weight": "much"}],
        [{"value": "a", "feature_id": 0}],
        [{"value": "a", "feature_id": None}],
        [{"value": "a", "is_control": "perhaps"}],
        ["a"],
    ],
)
def test_a_refused_post_keeps_the_variants_and_their_users(entries: list[Any]) -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])
    calling.record(arms[0]["id"])

    sent = [{"feature_id": made["id"]} | entry if isinstance(entry, dict) else entry for entry in entries]
    response = calling.post(f"/api/feature/{made['id']}/variants", {"variants": sent})

    assert (response.status_code, response.json()) == (403, REFUSED)
    kept = calling.get(f"/api/feature/{made['id']}/variants").json()
    assert [arm["id"] for arm in kept] == [arm["id"] for arm in arms]
    assert len(calling.get("/api/users").json()) == 1


@pytest.mark.parametrize("body", [{}, {"variants": None}, {"variants": "x"}, [], {"variants": {}}])
def test_a_post_without_variants_is_refused(body: Any) -> None:
    made = calling.feature()

    response = calling.post(f"/api/feature/{made['id']}/variants", body)

    assert (response.status_code, response.json()) == (403, REFUSED)


@pytest.mark.parametrize("feature_id", [0, "abc"])
def test_an_unknown_feature_cannot_have_variants(feature_id: Any) -> None:
    response = _post(feature_id, {"value": "a"})

    assert (response.status_code, response.json()) == (403, REFUSED)


def test_the_same_array_keeps_rows_users_and_events() -> None:
    made = calling.feature()
    arms = calling.variants(made["id"])
    calling.record(arms[1]["id"])
    calling.event(arms[1]["id"])

    again = calling.variants(made["id"])

    assert again == arms
    analysis = calling.get(f"/api/analysis/feature/{made['id']}").json()
    assert [(row["event_total"], row["total_users"]) for row in analysis] == [(0, 0), (1, 1)]


def test_a_variant_with_a_known_id_keeps_its_row_under_a_new_value() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])
    calling.record(red["id"])

    response = _post(
        made["id"],
        {"id": blue["id"], "value": "navy", "is_control": True, "weight": "0.5"},
        {"id": red["id"], "value": "crimson", "is_control": False, "weight": "0.5"},
    )

    assert [(arm["id"], arm["value"]) for arm in response.json()] == [(blue["id"], "navy"), (red["id"], "crimson")]
    assert [user["variant_id"] for user in calling.get("/api/users").json()] == [red["id"]]


@pytest.mark.parametrize("sent", [str, float])
def test_an_id_is_known_however_it_is_written(sent: Callable[[int], Any]) -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])

    response = _post(made["id"], {"id": sent(blue["id"]), "value": "navy"}, {"id": sent(red["id"]), "value": "crimson"})

    assert [arm["id"] for arm in response.json()] == [blue["id"], red["id"]]


@pytest.mark.parametrize("sent", [True, None, "new", [1], 2**70, ""])
def test_what_is_no_id_stands_for_a_new_variant(sent: Any) -> None:
    made = calling.feature()
    known = {arm["id"] for arm in calling.variants(made["id"])}

    response = _post(made["id"], {"id": sent, "value": "navy"}, {"id": sent, "value": "crimson"})

    assert response.status_code == 200
    assert not known & {arm["id"] for arm in response.json()}


def test_values_may_change_places_by_their_ids() -> None:
    made = calling.feature()
    blue, red = calling.variants(made["id"])

    response = _post(made["id"], {"id": blue["id"], "value": "red"}, {"id": red["id"], "value": "blue"})

    assert [(arm["id"], arm["value"]) for arm in response.json()] == [(blue["id"], "red"), (red["id"], "blue")]


def test_other_variants_replace_the_old_ones() -> None:
    made = calling.feature()
    old = calling.variants(made["id"])

    new = calling.variants(made["id"], 0.5, 0.5, values=("blue", "green"))

    assert new[0]["id"] == old[0]["id"]
    assert new[1]["id"] not in [arm["id"] for arm in old]
    assert calling.record(old[1]["id"]).status_code == 403


def test_a_variant_of_another_feature_stays_where_it_is() -> None:
    first, second = calling.feature(), calling.feature(name="second")
    blue, _ = calling.variants(first["id"])

    response = _post(second["id"], {"id": blue["id"], "value": "mine"})

    assert response.json()[0]["id"] != blue["id"]
    assert calling.get(f"/api/feature/{first['id']}/variants").json()[0]["value"] == "blue"


@pytest.mark.parametrize("type_id", [1, 2])
def test_any_feature_may_have_variants(type_id: int) -> None:
    made = calling.feature(type_id=type_id)
    calling.variants(made["id"])

    assert len(calling.get(f"/api/feature/{made['id']}").json()["variant_arr"]) == 2


def test_equal_values_and_several_controls_are_accepted() -> None:
    made = calling.feature()

    response = _post(made["id"], {"value": "a", "is_control": True}, {"value": "a", "is_control": True})

    assert [(arm["value"], arm["is_control"]) for arm in response.json()] == [("a", True)] * 2


@pytest.mark.parametrize(("sent", "answered"), [(5, "5"), (0.5, "0.5"), (True, "true"), ({"a": 1}, '{"a":1}')])
def test_a_value_that_is_no_text_becomes_one(sent: Any, answered: str) -> None:
    made = calling.feature()

    assert _post(made["id"], {"value": sent}).json()[0]["value"] == answered


@pytest.mark.parametrize("verb", ["put", "delete", "patch"])
def test_variants_are_neither_updated_nor_deleted(verb: str) -> None:
    made = calling.feature()

    response = getattr(Client(), verb)(f"/api/feature/{made['id']}/variants")

    assert (response.status_code, response.json()) == (404, {"error": "unknown endpoint"})
