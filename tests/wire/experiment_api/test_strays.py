"""What no route answers: unknown paths, wrong verbs, slashes at the end."""

import pytest

from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    ["/api/v1", "/api/v1/", "/api/v1/nowhere", "/api/v1/services/a/b/c", "/api/v1/experiments", "/api/v1/x%0Ay"],
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert api.read(api.get(path), 404) == {"detail": "Not Found"}


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("PUT", "/api/v1/services", {"GET", "POST"}),
        ("DELETE", "/api/v1/services", {"GET", "POST"}),
        ("OPTIONS", "/api/v1/services", {"GET", "POST"}),
        ("POST", f"/api/v1/services/{api.NOBODY}", {"GET", "DELETE"}),
        ("GET", f"/api/v1/experiments/x/samples/{api.NOBODY}/complete", {"POST"}),
        ("POST", "/health", {"GET"}),
    ],
)
def test_a_wrong_verb_is_not_allowed_and_told_which_are(verb: str, path: str, allowed: set[str]) -> None:
    response = api.call(verb, path)

    assert api.read(response, 405) == {"detail": "Method Not Allowed"}
    assert allowed <= set(response["Allow"].split(", "))
    assert verb not in response["Allow"].split(", ")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/services/", "/api/v1/services"),
        ("/api/v1/services//", "/api/v1/services"),
        ("/api/v1/services/?limit=3&page_token=", "/api/v1/services?limit=3&page_token="),
        ("/api/v1/experiments/a%20b/samples/", "/api/v1/experiments/a%20b/samples"),
        ("/health/", "/health"),
    ],
)
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT"])
def test_a_slash_at_the_end_leads_to_the_path_without_it(verb: str, path: str, target: str) -> None:
    response = api.call(verb, path, {"name": "n"})

    assert (response.status_code, response["Location"]) == (307, target)


def test_a_slash_behind_an_unknown_path_leads_nowhere() -> None:
    assert api.read(api.get("/api/v1/nowhere/"), 404) == {"detail": "Not Found"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.9", "*/*"])
def test_json_is_answered_whatever_is_accepted(accept: str) -> None:
    response = api.call("GET", "/api/v1/services?format=xml", accept=accept)

    assert api.read(response) == []
    assert response["Content-Type"] == "application/json"
