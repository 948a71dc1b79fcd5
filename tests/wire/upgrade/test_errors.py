"""Error bodies, statuses and CORS (upgrade contract §1.1, §1.5)."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from tests import builders
from tests.wire.upgrade.client import School

pytestmark = pytest.mark.django_db

V6_ROUTES = [
    ("PATCH", "groupmembership", {"group": {}}),
    ("PATCH", "workinggroup", {"workingGroup": {}}),
    ("POST", "assign", {"context": "home"}),
    ("POST", "mark", {"data": {"site": "s", "target": "t"}}),
    ("PATCH", "useraliases", {"aliases": []}),
]


def test_a_wrong_body_is_told_with_what_was_sent(school: School) -> None:
    school.init("u1")

    response = school.send("POST", "assign", "u1", {"context": 7})

    assert response.status_code == 400
    assert response.json() == {
        "name": "BadRequestError",
        "message": "Invalid body, check 'errors' property for more info.",
        "endPoint": "/api/v6/assign",
        "errorCode": 400,
        "type": "Parameter not in the correct format",
        "request": {"context": 7},
    }


@pytest.mark.parametrize("body", [b"{", b"[" * 5000, b'"text"', b"5", b'{"context": "\\ud800"}', b"\xff\xfe"])
def test_what_is_no_json_is_a_syntax_error(school: School, body: bytes) -> None:
    response = school.send("POST", "assign", "u1", body)

    assert response.status_code == 400
    assert (response.json()["name"], "type" in response.json()) == ("SyntaxError", False)


@pytest.mark.parametrize("user", [None, ""])
def test_v6_wants_the_header(school: School, user: str | None) -> None:
    response = school.send("POST", "assign", user, {"context": "home"})

    assert response.status_code == 400
    assert response.json()["message"] == "User-Id header not found."
    assert response.json()["type"] == "Parameter not in the correct format"


def test_an_unknown_context_is_told(school: School) -> None:
    school.init("u1")

    response = school.send("POST", "assign", "u1", {"context": "nowhere"})

    assert response.status_code == 400
    assert (response.json()["name"], response.json()["message"]) == ("Error", "Invalid app context: nowhere")


@pytest.mark.parametrize(("verb", "route", "body"), V6_ROUTES)
def test_an_unknown_user_is_404_everywhere_in_v6(school: School, verb: str, route: str, body: Any) -> None:
    builders.project()

    response = school.send(verb, route, "ghost", body)

    assert response.status_code == 404
    assert (response.json()["message"], response.json()["type"]) == (
        "User not found: ghost",
        "Experiment user not defined",
    )


@pytest.mark.parametrize(("verb", "route", "body"), V6_ROUTES)
def test_an_unknown_user_is_404_everywhere_in_v5(school: School, verb: str, route: str, body: Any) -> None:
    builders.project()
    school.version = 5
    user_key = "id" if "group" in route else "userId"

    response = school.send(verb, route, "ghost", body, user_key=user_key)

    assert response.status_code == 404
    assert (response.json()["message"], response.json()["type"]) == (
        "Experiment User not found: ghost",
        "Query Failed",
    )


@pytest.mark.parametrize(
    ("verb", "path"),
    [("POST", "/api/v6/bloblog"), ("GET", "/api/v6/assign"), ("POST", "/api/v5/nothing"), ("PUT", "/api/v5/mark")],
)
def test_an_unknown_route_or_verb_is_a_page(client: Client, verb: str, path: str) -> None:
    response = client.generic(verb, path)

    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert f"Cannot {verb} {path}" in response.content.decode()


@pytest.mark.parametrize("depth", [300, 1020])
@pytest.mark.parametrize("route", ["assign", "mark", "log", "log/caliper"])
def test_a_body_nested_very_deep_is_refused(school: School, route: str, depth: int) -> None:
    school.init("u1")

    response = school.send("POST", route, "u1", b'{"deep": ' + b"[" * depth + b"]" * depth + b"}")

    assert (response.status_code, response.json()["errorCode"]) == (400, 400)


def test_a_body_above_the_limit_is_413(school: School, settings: LazySettings) -> None:
    settings.MAX_BODY_BYTES = 100

    response = school.send("POST", "assign", "u1", {"context": "x" * 200})

    assert response.status_code == 413
    assert (response.json()["name"], response.json()["message"]) == (
        "PayloadTooLargeError",
        "request entity too large",
    )


def test_every_answer_has_an_id_of_its_own(school: School) -> None:
    first, second = school.init("u1"), school.init("u1")

    assert len(first["x-request-id"]) == 36
    assert first["x-request-id"] != second["x-request-id"]


def test_a_preflight_allows_what_the_clients_send(client: Client) -> None:
    asked = "content-type, session-id, url, user-id, currentretry, authorization"

    response = client.options(
        "/api/v6/assign",
        headers={
            "Origin": "https://tutor.example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": asked,
        },
    )

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == "https://tutor.example.org"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert response["Access-Control-Allow-Headers"] == asked
    assert "PATCH" in response["Access-Control-Allow-Methods"]
    assert response["Access-Control-Max-Age"] == "86400"


def test_an_answer_may_be_read_by_the_page_that_asked(client: Client) -> None:
    response = client.post(
        "/api/v6/init", content_type="application/json", headers={"User-Id": "u1", "Origin": "https://a.example.org"}
    )

    assert response["Access-Control-Allow-Origin"] == "https://a.example.org"
    assert response["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://tutor.school.org", 200),
        ("http://school.org:8080", 200),
        ("https://evil.org", 403),
        ("http://localhost:3000", 200),
        ("null", 403),
    ],
)
def test_only_named_origins_pass_once_some_are_named(
    client: Client, settings: LazySettings, origin: str, status: int
) -> None:
    settings.UPGRADE_ORIGINS = ["https://www.school.org", "localhost"]

    response = client.post("/api/v6/init", content_type="application/json", headers={"User-Id": "u1", "Origin": origin})

    assert response.status_code == status
    if status != 200:
        assert response.json()["message"] == f"Request from unauthorized origin: {origin}"


def test_whatever_client_asks_for_is_not_negotiated(client: Client) -> None:
    response = client.post(
        "/api/v6/init", content_type="text/plain", data="{}", headers={"User-Id": "u1", "Accept": "image/png"}
    )

    assert response.status_code == 200


@pytest.mark.parametrize("route", ["assign", "mark", "log", "featureflag", "useraliases", "init", "workinggroup"])
@pytest.mark.parametrize("user", ["nul\x00", 5, None, ""])
def test_v5_refuses_a_user_id_that_is_none(school: School, route: str, user: object) -> None:
    builders.project()
    verb = "PATCH" if route in ("useraliases", "workinggroup") else "POST"
    wholes = {"context": "home", "data": {"site": "s", "target": "t"}, "value": [], "aliases": [], "workingGroup": {}}
    school.version = 5

    response = school.send(verb, route, None, {**wholes, "userId": user, "id": user})

    assert (response.status_code, response.json()["errorCode"]) == (400, 400)


def test_an_id_beyond_ascii_is_one_id_in_header_and_body(school: School) -> None:
    school.version = 5
    school.init("été☃")
    school.version = 6

    response = school.client.generic(
        "POST",
        "/api/v6/init",
        data=b"{}",
        content_type="application/json",
        HTTP_USER_ID="été☃".encode().decode("latin-1"),
    )

    assert response.json() == {"id": "été☃"}
