"""A client of the Experiment API, and the steps every story begins with."""

from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

CLIENT = Client()
NOBODY = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def call(verb: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> HttpResponse:
    """`body` as JSON, or `raw` bytes as they are."""
    data = raw if raw is not None else b"" if body is None else orjson.dumps(body)
    kind = headers.pop("content_type", "application/json")
    response: Any = CLIENT.generic(verb, path, data, content_type=kind, headers=headers or None)
    return response


def get(path: str) -> HttpResponse:
    return call("GET", path)


def post(path: str, body: Any = None) -> HttpResponse:
    return call("POST", path, body)


def read(response: HttpResponse, status: int = 200) -> Any:
    """The JSON of an answer that must have this status."""
    assert response.status_code == status, response.content
    return orjson.loads(response.content)


def faults(response: HttpResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(response, 422)["detail"]
    return found


def told(response: HttpResponse) -> list[tuple[list[Any], str, str]]:
    """(loc, msg, type) of every fault."""
    return [(fault["loc"], fault["msg"], fault["type"]) for fault in faults(response)]


def service(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = read(post("/api/v1/services", {"name": "Shop", **fields}), 201)
    return made


def experiment(*, of: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    parent = (of or service())["id"]
    body = {"name": "Button", "service_id": parent, **fields}
    made: dict[str, Any] = read(post(f"/api/v1/services/{parent}/experiments", body))
    return made


def bucket(experiment: dict[str, Any], name: str, percentage: Any) -> dict[str, Any]:
    body = {"experiment_id": experiment["id"], "bucket_name": name, "percentage_distribution": percentage}
    made: dict[str, Any] = read(post(f"/api/v1/experiments/{experiment['id']}/buckets", body))
    return made


def halves(**fields: Any) -> dict[str, Any]:
    """An experiment with two buckets of 50."""
    made = experiment(**fields)
    bucket(made, "control", 50)
    bucket(made, "treatment", 50)
    return made


def sample(experiment: dict[str, Any], entity: str, bucket: str = "", value: str = "US") -> dict[str, Any]:
    made: dict[str, Any] = read(post(samples_of(experiment), sample_body(experiment, entity, bucket, value)))
    return made


def sample_body(experiment: dict[str, Any], entity: str, bucket: str = "", value: str = "US") -> dict[str, Any]:
    return {
        "experiment_id": experiment["id"],
        "sampled_value": value,
        "sampled_entity": entity,
        "allocated_bucket": bucket,
    }


def samples_of(experiment: dict[str, Any]) -> str:
    return f"/api/v1/experiments/{experiment['id']}/samples"


def condition(**fields: Any) -> dict[str, Any]:
    return {"model": "User", "property": "country", "value": "US", "condition": "equals", **fields}


def criterion(experiment: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    body = {
        "criterion": {
            "sampling_model": "User",
            "sampling_attribute": "country",
            "experiment_id": experiment["id"],
        },
        "conditions": list(conditions),
    }
    made: dict[str, Any] = read(post(f"/api/v1/experiments/{experiment['id']}/criteria", body))
    return made
