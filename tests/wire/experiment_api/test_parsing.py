"""Lax parsing and the 422 shapes: one test per row of the contract's §1.2."""

from typing import Any

import pytest

from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services"


def _bucket(value: Any) -> Any:
    experiment = api.experiment()
    return api.post(
        f"/api/v1/experiments/{experiment['id']}/buckets",
        {"experiment_id": experiment["id"], "bucket_name": "b", "percentage_distribution": value},
    )


@pytest.mark.parametrize("value", [3, None, True, ["a"], {"a": 1}])
def test_only_texts_are_strings(value: Any) -> None:
    response = api.post(SERVICES, {"name": value})

    assert api.told(response) == [(["body", "name"], "Input should be a valid string", "string_type")]
    assert api.faults(response)[0]["input"] == value


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "YES", "on", "T", "y", "1"])
def test_many_texts_and_numbers_are_true(value: Any) -> None:
    assert api.service(active=value)["active"] is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "false", "No", "OFF", "f", "N", "0"])
def test_as_many_are_false(value: Any) -> None:
    assert api.service(active=value)["active"] is False


@pytest.mark.parametrize("value", ["maybe", 2, 2.0, ""])
def test_other_texts_and_numbers_are_no_booleans(value: Any) -> None:
    response = api.post(SERVICES, {"name": "n", "active": value})

    message = "Input should be a valid boolean, unable to interpret input"
    assert api.told(response) == [(["body", "active"], message, "bool_parsing")]


@pytest.mark.parametrize("value", [None, [], {}])
def test_null_and_containers_are_no_booleans(value: Any) -> None:
    found = api.faults(api.post(SERVICES, {"name": "n", "active": value}))

    assert [fault["type"] for fault in found] == ["bool_type"]


@pytest.mark.parametrize("value", [50, "50", 50.0, "50.0"])
def test_whole_numbers_are_integers_in_any_clothes(value: Any) -> None:
    assert api.read(_bucket(value))["percentage_distribution"] == 50


def test_true_is_the_integer_one() -> None:
    assert api.read(_bucket(True))["percentage_distribution"] == 1


def test_a_fraction_is_no_integer() -> None:
    message = "Input should be a valid integer, got a number with a fractional part"

    assert api.told(_bucket(50.5)) == [(["body", "percentage_distribution"], message, "int_from_float")]


def test_a_word_is_no_integer() -> None:
    message = "Input should be a valid integer, unable to parse string as an integer"

    assert api.told(_bucket("x")) == [(["body", "percentage_distribution"], message, "int_parsing")]


@pytest.mark.parametrize("value", [None, [], {}])
def test_null_and_containers_are_no_integers(value: Any) -> None:
    assert [fault["type"] for fault in api.faults(_bucket(value))] == ["int_type"]


@pytest.mark.parametrize(
    "form", ["{id}", "{hex}", "{{{id}}}", "urn:uuid:{id}", "{upper}"], ids=["plain", "hex", "braces", "urn", "upper"]
)
def test_a_uuid_has_many_forms(form: str) -> None:
    made = api.service()
    text = form.format(id=made["id"], hex=made["id"].replace("-", ""), upper=made["id"].upper())

    assert api.read(api.get(f"{SERVICES}/{text}"))["id"] == made["id"]


def test_other_texts_are_no_uuid() -> None:
    [fault] = api.faults(api.get(f"{SERVICES}/nonsense"))

    assert (fault["loc"], fault["type"]) == (["path", "service_id"], "uuid_parsing")
    assert fault["msg"].startswith("Input should be a valid UUID, ")
    assert fault["input"] == "nonsense"


@pytest.mark.parametrize("value", [None, 7])
def test_null_and_numbers_are_no_uuid(value: Any) -> None:
    path = f"{SERVICES}/{api.service()['id']}/experiments"

    found = api.faults(api.post(path, {"name": "n", "service_id": value}))

    assert [(fault["loc"], fault["type"]) for fault in found] == [(["body", "service_id"], "uuid_type")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("6/1/25", "datetime_from_date_parsing"),
        ("", "datetime_from_date_parsing"),
        (True, "datetime_type"),
        ([], "datetime_type"),
        ({}, "datetime_type"),
        ("0001-01-01T00:00:00+14:00", "datetime_out_of_range"),
    ],
)
def test_what_is_no_instant(value: Any, kind: str) -> None:
    path = f"{SERVICES}/{api.service()['id']}/experiments"

    found = api.faults(api.post(path, {"name": "n", "scheduled_start_date": value}))

    assert [(fault["loc"], fault["type"]) for fault in found] == [(["body", "scheduled_start_date"], kind)]


def test_a_missing_key_echoes_the_whole_object() -> None:
    found = api.faults(api.post(SERVICES, {"active": True}))

    assert found == [{"type": "missing", "loc": ["body", "name"], "msg": "Field required", "input": {"active": True}}]


@pytest.mark.parametrize("raw", [b"", b"null"])
def test_no_body_at_all(raw: bytes) -> None:
    response = api.call("POST", SERVICES, raw=raw)

    assert api.faults(response) == [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]


def test_faults_inside_criterion_and_conditions_are_located() -> None:
    path = f"/api/v1/experiments/{api.experiment()['id']}/criteria"
    body = {
        "criterion": {"sampling_model": "User", "sampling_attribute": "country"},
        "conditions": [{"property": "country", "value": "US", "condition": "equals"}],
    }

    assert api.told(api.post(path, body)) == [
        (["body", "criterion", "experiment_id"], "Field required", "missing"),
        (["body", "conditions", 0, "model"], "Field required", "missing"),
    ]


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'"text"', b'{"sampling_model":"User"}', b'{"criterion":null,"conditions":null}']
)
def test_a_criterion_that_is_not_nested_misses_both_parts(raw: bytes) -> None:
    path = f"/api/v1/experiments/{api.experiment()['id']}/criteria"

    found = api.faults(api.call("POST", path, raw=raw))

    assert found == [
        {"type": "missing", "loc": ["body", part], "msg": "Field required", "input": None}
        for part in ("criterion", "conditions")
    ]


def test_a_wrong_boolean_in_the_query() -> None:
    message = "Input should be a valid boolean, unable to interpret input"

    assert api.told(api.get(f"{SERVICES}?active_only=maybe")) == [(["query", "active_only"], message, "bool_parsing")]


def test_a_wrong_integer_in_the_query() -> None:
    message = "Input should be a valid integer, unable to parse string as an integer"

    response = api.get(api.samples_of(api.experiment()) + "?limit=x")

    assert api.told(response) == [(["query", "limit"], message, "int_parsing")]


@pytest.mark.parametrize(("raw", "position"), [(b'{"name": }', 9), (b"{", 1), (b'{"name": "a"', 12), (b"nonsense", 0)])
def test_bad_json_is_located_by_character(raw: bytes, position: int) -> None:
    response = api.call("POST", SERVICES, raw=raw)

    assert api.told(response) == [(["body", position], "JSON decode error", "json_invalid")]


def test_bad_json_is_told_as_the_document_s_server_tells_it() -> None:
    [fault] = api.faults(api.call("POST", SERVICES, raw=b'{"name": }'))

    assert fault == {
        "type": "json_invalid",
        "loc": ["body", 9],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": "Expecting value"},
    }


@pytest.mark.parametrize("raw", [b"[1]", b'"text"', b"7", b"true"])
def test_a_body_that_is_no_object(raw: bytes) -> None:
    message = "Input should be a valid dictionary or object to extract fields from"

    assert api.told(api.call("POST", SERVICES, raw=raw)) == [(["body"], message, "model_attributes_type")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_does_not_claim_to_be_json_is_a_text(kind: str) -> None:
    response = api.call("POST", SERVICES, raw=b'{"name":"n"}', content_type=kind)

    [fault] = api.faults(response)
    assert (fault["loc"], fault["type"], fault["input"]) == (["body"], "model_attributes_type", '{"name":"n"}')


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"])
def test_json_has_many_names(kind: str) -> None:
    assert api.read(api.call("POST", SERVICES, raw=b'{"name":"n"}', content_type=kind), 201)


@pytest.mark.parametrize(("limit", "kind"), [("0", "greater_than_equal"), ("101", "less_than_equal")])
def test_pages_hold_1_to_100_rows(limit: str, kind: str) -> None:
    [fault] = api.faults(api.get(f"{SERVICES}?limit={limit}"))

    assert (fault["loc"], fault["type"]) == (["query", "limit"], kind)


def test_a_limit_of_zero_is_told_as_documented() -> None:
    message = "Input should be greater than or equal to 1"

    assert api.told(api.get(f"{SERVICES}?limit=0")) == [(["query", "limit"], message, "greater_than_equal")]


def test_every_fault_of_path_query_and_body_is_in_one_answer() -> None:
    response = api.post("/api/v1/services/nonsense/experiments", {"active": "maybe", "scheduled_start_date": []})

    assert [fault["loc"] for fault in api.faults(response)] == [
        ["path", "service_id"],
        ["body", "name"],
        ["body", "active"],
        ["body", "scheduled_start_date"],
    ]


EMPTY = [
    ("/api/v1/services", {"name": ""}, ["body", "name"]),
    ("/api/v1/services/{service}/experiments", {"name": ""}, ["body", "name"]),
    (
        "/api/v1/experiments/{experiment}/buckets",
        {"bucket_name": "", "percentage_distribution": 1},
        ["body", "bucket_name"],
    ),
    (
        "/api/v1/experiments/{experiment}/samples",
        {"sampled_value": "", "sampled_entity": "e", "allocated_bucket": "b"},
        ["body", "sampled_value"],
    ),
    (
        "/api/v1/experiments/{experiment}/samples",
        {"sampled_value": "v", "sampled_entity": "", "allocated_bucket": "b"},
        ["body", "sampled_entity"],
    ),
    *(
        ("/api/v1/criteria/{criterion}/conditions", api.condition(**{name: ""}), ["body", name])
        for name in ("model", "property", "value", "condition")
    ),
]


@pytest.mark.parametrize(("path", "body", "loc"), EMPTY, ids=[case[2][-1] + str(i) for i, case in enumerate(EMPTY)])
def test_empty_texts_are_too_short(path: str, body: dict[str, Any], loc: list[str]) -> None:
    experiment = api.experiment()
    criterion = api.criterion(experiment)
    path = path.format(service=experiment["service_id"], experiment=experiment["id"], criterion=criterion["id"])

    assert api.told(api.post(path, body)) == [(loc, "String should have at least 1 character", "string_too_short")]
