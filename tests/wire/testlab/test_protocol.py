"""What is true of every route: paths, verbs, bodies, CORS (testlab contract §2)."""

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db

READS = [
    "/api/feature",
    "/api/feature/current",
    "/api/feature/{feature}",
    "/api/feature/{feature}/variants",
    "/api/events",
    "/api/events/feature/{feature}",
    "/api/analysis/feature/{feature}",
    "/api/users",
    "/api/userblocks",
    "/api/userblocks/20",
]


@pytest.fixture
def feature() -> int:
    made = calling.feature()
    calling.variants(made["id"])
    return int(made["id"])


@pytest.mark.parametrize("path", READS)
def test_every_read_has_a_head(path: str, feature: int) -> None:
    path = path.format(feature=feature)
    whole = calling.get(path)

    head = Client().head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(whole.content))


@pytest.mark.parametrize("path", READS)
def test_paths_end_with_a_slash_or_not_and_have_no_case(path: str, feature: int) -> None:
    path = path.format(feature=feature)

    plain = calling.get(path).json()

    assert calling.get(f"{path}/").json() == plain
    assert calling.get(path.upper()).json() == plain


def test_the_case_of_an_id_counts() -> None:
    assert calling.delete("/API/Users/MixedCase/").json() == "User with id MixedCase was deleted"


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", "/api"),
        ("get", "/api/nowhere"),
        ("get", "/API/Nowhere/"),
        ("post", "/api/nowhere/at/all"),
        ("delete", "/api/feature"),
        ("patch", "/api/feature/1"),
        ("post", "/api/feature/current"),
        ("put", "/api/events"),
        ("delete", "/api/userblocks"),
        ("put", "/api/userblocks/20"),
        ("post", "/api/analysis/feature/1"),
        ("get", "/api/feature/1/variants/2"),
    ],
)
def test_what_is_not_documented_is_an_unknown_endpoint(verb: str, path: str) -> None:
    response = getattr(Client(), verb)(path)

    assert (response.status_code, response.json()) == (404, {"error": "unknown endpoint"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_an_unknown_endpoint_has_an_empty_head() -> None:
    response = Client().head("/api/nowhere")

    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize("path", ["/api/feature/current", "/api/users", "/api/feature/1", "/api/nowhere"])
def test_a_browser_may_ask_with_conditions(path: str) -> None:
    response = Client().options(
        path,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "if-modified-since",
        },
    )

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
    assert response.headers["Access-Control-Allow-Headers"] == "if-modified-since"
    assert response.headers["Vary"] == "Access-Control-Request-Headers"
    assert int(response.headers["Access-Control-Max-Age"]) > 0


WRITES = [
    ("post", "/api/feature", "Error in creating the feature in postgres"),
    ("put", "/api/feature/1", "Error in updating the feature in postgres"),
    ("post", "/api/feature/1/variants", "Error in creating the variants in postgres"),
    ("post", "/api/events", "Error in creating the event in postgres"),
    ("post", "/api/users", "Error in creating the user in postgres"),
    ("put", "/api/userblocks", "Error in updating userblock with name undefined in postgres"),
]


def _send(verb: str, path: str, body: Any, content_type: str = calling.JSON) -> Any:
    return Client().generic(verb.upper(), path, body, content_type=content_type)


@pytest.mark.parametrize(("verb", "path", "sentence"), WRITES)
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[1]", b'{"unknown":1}'])
def test_a_body_without_what_is_needed_is_the_routes_refusal(verb: str, path: str, sentence: str, body: bytes) -> None:
    response = _send(verb, path, body)

    assert (response.status_code, response.json()) == (403, sentence)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(("verb", "path", "sentence"), WRITES)
def test_a_body_that_is_not_sent_as_json_is_not_read(verb: str, path: str, sentence: str) -> None:
    response = _send(verb, path, b"name=x&type_id=1", "application/x-www-form-urlencoded")

    assert (response.status_code, response.json()) == (403, sentence)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":}',
        b'"text"',
        b"null",
        b"1",
        b"[" * 100_000,
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":NaN}',
        b'{"a":1e999}',
    ],
)
@pytest.mark.parametrize(("verb", "path", "sentence"), WRITES)
def test_what_is_no_json_is_a_400(verb: str, path: str, sentence: str, body: bytes) -> None:
    response = _send(verb, path, body)

    assert response.status_code == 400
    assert isinstance(response.json(), str)


@pytest.mark.parametrize(
    ("verb", "path", "body", "sentence"),
    [
        ("post", "/api/feature", calling.EXPERIMENT | {"description": "<nested>"}, WRITES[0][2]),
        (
            "post",
            "/api/feature/{feature}/variants",
            {"variants": [{"feature_id": "{feature}", "value": "<nested>"}]},
            WRITES[2][2],
        ),
        ("post", "/api/events", {"user_id": "<nested>", "variant_id": 1}, WRITES[3][2]),
        ("post", "/api/users", {"id": "<nested>", "variant_id": 1, "ip_address": "1.2.3.4"}, WRITES[4][2]),
        ("put", "/api/userblocks", {"name": "<nested>"}, WRITES[5][2]),
        (
            "put",
            "/api/userblocks",
            {"name": "5", "feature_id": "<nested>"},
            "Error in updating userblock with name 5 in postgres",
        ),
    ],
)
@pytest.mark.parametrize("depth", [300, 1000])
def test_what_is_nested_too_deeply_is_the_routes_refusal(
    verb: str, path: str, body: Any, sentence: str, depth: int, feature: int
) -> None:
    sent = json.dumps(body).replace('"<nested>"', "[" * depth + "]" * depth).replace("{feature}", str(feature))

    response = _send(verb, path.format(feature=feature), sent.encode())

    assert (response.status_code, response.json()) == (403, sentence)


@pytest.mark.parametrize(("verb", "path", "sentence"), WRITES)
def test_a_body_above_the_limit_is_not_read(verb: str, path: str, sentence: str, settings: LazySettings) -> None:
    settings.MAX_BODY_BYTES = 1000

    response = _send(verb, path, b'{"a":"' + b"x" * 1000 + b'"}')

    assert response.status_code == 413
    assert isinstance(response.json(), str)


@pytest.mark.parametrize("path", ["/api/feature/x", "/api/feature/0/variants"])
def test_what_stopped_the_original_is_only_refused(path: str, feature: int) -> None:
    body = {"id": "abc", "variants": [{"value": "a"}]}

    first = calling.put("/api/feature/x", body)
    second = calling.post("/api/feature/abc/variants", body)

    assert (first.status_code, second.status_code) == (403, 403)
    assert calling.get("/api/feature/current").status_code == 200


def test_a_token_is_wanted_for_writing_when_there_is_one(settings: LazySettings) -> None:
    settings.TESTLAB_WRITE_TOKEN = "secret é"
    body = calling.EXPERIMENT

    refused = [
        calling.post("/api/feature", body),
        calling.post("/api/feature", body, authorization="Bearer wrong"),
        calling.put("/api/feature/1", body),
        calling.delete("/api/feature/1"),
        calling.post("/api/feature/1/variants", {}),
        calling.put("/api/userblocks", {"name": "5"}),
        calling.put("/api/userblocks/reset"),
        calling.delete("/api/users/1"),
    ]
    settings.TESTLAB_WRITE_TOKEN = "secret"
    accepted = calling.post("/api/feature", body, authorization="Bearer secret")

    assert {response.status_code for response in refused} == {403}
    assert accepted.status_code == 200
    assert calling.get("/api/feature/current").status_code == 200


def test_the_reason_of_a_refusal_is_in_a_header() -> None:
    response = calling.post("/api/feature", calling.EXPERIMENT | {"type_id": 4})

    assert response.headers["X-Reason"].startswith("a feature is a toggle (1)")
