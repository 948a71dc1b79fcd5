"""What nobody means well by: a clear 422 or 413, never a 500, never half a write."""

from typing import Any

import pytest
from django.conf import settings

from sampling.models import Criterion
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services"


def _types(response: Any) -> list[str]:
    return [fault["type"] for fault in api.faults(response)]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"name":"\\ud800"}',
        b'{"name":"a\xff"}',
        b'{"name":NaN}',
        b'{"name":"a\nb"}',
        b'{"name":%b}' % (b"9" * 5_000),
        '{"name":"n"}'.encode("utf-16"),
    ],
    ids=["surrogate", "not utf-8", "nan", "line break", "huge number", "utf-16"],
)
def test_what_is_no_json_is_a_fault(raw: bytes) -> None:
    assert _types(api.call("POST", SERVICES, raw=raw)) == ["json_invalid"]


def test_a_nul_is_a_fault() -> None:
    assert _types(api.post(SERVICES, {"name": "a\0b"})) == ["string_nul"]


@pytest.mark.parametrize("depth", [200, 900, 100_000])
def test_deep_nesting_is_a_fault(depth: int) -> None:
    raw = b"[" * depth + b"]" * depth

    assert len(api.faults(api.call("POST", SERVICES, raw=raw))) == 1


@pytest.mark.parametrize("depth", [200, 900])
def test_deep_nesting_inside_a_key_is_a_fault(depth: int) -> None:
    raw = b'{"name":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"

    assert _types(api.call("POST", SERVICES, raw=raw)) == ["string_type"]


def test_a_text_longer_than_its_index_is_a_fault() -> None:
    made = api.experiment()
    bucket = {"experiment_id": made["id"], "bucket_name": "n" * 256, "percentage_distribution": 5}

    assert _types(api.post(f"/api/v1/experiments/{made['id']}/buckets", bucket)) == ["string_too_long"]
    assert _types(api.post(api.samples_of(made), api.sample_body(made, "e" * 256))) == ["string_too_long"]


def test_other_texts_are_of_any_length() -> None:
    long = "né" * 5_000
    shop = api.service(name=long)
    again = api.service(name=long)
    made = api.experiment(of=shop, name=long)
    criterion = {"sampling_model": long, "sampling_attribute": long, "experiment_id": made["id"]}
    condition = dict.fromkeys(("model", "property", "value", "condition"), long)
    ids = {"criterion_id": made["id"], "experiment_id": made["id"]}

    stored = api.read(
        api.post(
            f"/api/v1/experiments/{made['id']}/criteria",
            {"criterion": criterion, "conditions": [{**condition, **ids}]},
        )
    )

    assert {shop["name"], again["name"], made["name"], stored["sampling_model"]} == {long}
    assert stored["conditions"][0].items() >= condition.items()


def test_a_large_body_is_refused_unread() -> None:
    response = api.call("POST", SERVICES, raw=b" " * (settings.MAX_BODY_BYTES + 1))

    assert api.read(response, 413) == {"detail": "Request body too large"}


def test_a_nul_in_the_path_or_query_is_a_fault() -> None:
    assert _types(api.get(f"{SERVICES}/%00")) == ["uuid_parsing"]
    assert _types(api.get(f"{SERVICES}?active_only=%00")) == ["bool_parsing"]


@pytest.mark.parametrize("name", ["sampled_entity", "sampled_value", "bucket"])
def test_a_nul_that_is_looked_for_is_a_fault(name: str) -> None:
    assert _types(api.get(f"{api.samples_of(api.experiment())}?{name}=%00")) == ["string_nul"]


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_a_nul_in_the_name_of_a_bucket_is_a_fault(verb: str) -> None:
    path = f"/api/v1/experiments/{api.experiment()['id']}/buckets/%00"

    assert _types(api.call(verb, path, {"percentage_distribution": 1})) == ["string_nul"]


def test_a_huge_number_is_a_fault() -> None:
    path = f"/api/v1/experiments/{api.experiment()['id']}/buckets"

    found = _types(api.post(path, {"bucket_name": "b", "percentage_distribution": 10**18}))

    assert found == ["less_than_equal"]


def test_one_bad_condition_of_many_writes_nothing() -> None:
    experiment = api.experiment()
    body = {
        "criterion": {"sampling_model": "User", "sampling_attribute": "a", "experiment_id": experiment["id"]},
        "conditions": [api.condition() for _ in range(50)] + [api.condition(value="a\0")],
    }

    assert _types(api.post(f"/api/v1/experiments/{experiment['id']}/criteria", body)) == ["string_nul"]
    assert not Criterion.objects.exists()
