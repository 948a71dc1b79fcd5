"""Bearer tokens, where a project asks for them (upgrade contract §1.4)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from decisions import lifecycle
from tests import builders

pytestmark = pytest.mark.django_db

KEY, SECRET = "our-key", "our-secret"
NEVER = 9_999_999_999


@pytest.fixture(autouse=True)
def signed(settings: LazySettings) -> None:
    settings.UPGRADE_API_KEY, settings.UPGRADE_API_SECRET = KEY, SECRET


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _token(claims: Any, *, secret: str = SECRET, alg: str = "HS256") -> str:
    head = _encoded(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    body = _encoded(json.dumps(claims).encode())
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}.get(alg, hashlib.sha256)
    return f"{head}.{body}.{_encoded(hmac.new(secret.encode(), f'{head}.{body}'.encode(), digest).digest())}"


def _project(key: str = "home", *, requires: bool = True) -> None:
    lifecycle.publish(project=builders.project(key=key, requires_token=requires), now=builders.NOW)


def _assign(client: Client, authorization: str | None, *, context: object = "home", version: int = 6) -> Any:
    headers = {"User-Id": "u1"} if authorization is None else {"User-Id": "u1", "Authorization": authorization}
    return client.post(
        f"/api/v{version}/assign",
        json.dumps({"context": context, "userId": "u1"}),
        content_type="application/json",
        headers=headers,
    )


def _introduce(client: Client) -> None:
    headers = {"User-Id": "u1", "Authorization": f"Bearer {_token({'APIKey': KEY})}"}
    client.post("/api/v6/init", content_type="application/json", headers=headers)


@pytest.mark.parametrize("prefix", ["Bearer ", ""])
@pytest.mark.parametrize("claims", [{"APIKey": KEY}, {"APIKey": KEY, "iat": 1, "exp": NEVER}])
@pytest.mark.parametrize("alg", ["HS256", "HS512"])
def test_a_valid_token_passes(client: Client, prefix: str, claims: Any, alg: str) -> None:
    _project()
    _introduce(client)

    assert _assign(client, prefix + _token(claims, alg=alg)).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "name", "message", "kind"),
    [
        (
            None,
            "Error",
            "Token is not present in request header from client",
            "Token is not present in request",
        ),
        (_token({"APIKey": KEY, "more": 1}), "Error", "Provided token is invalid", "Invalid token"),
        (_token({"APIKey": "another"}), "Error", "Provided token is invalid", "Invalid token"),
        (_token({"APIKey": KEY}, secret="x"), "JsonWebTokenError", "invalid signature", "Invalid token"),
        (_token({"APIKey": KEY, "exp": 1}), "TokenExpiredError", "jwt expired", "Invalid token"),
        ("nonsense", "JsonWebTokenError", "jwt malformed", "User ID not found"),
        ("a.b.c", "JsonWebTokenError", "jwt malformed", "User ID not found"),
        (_token([1]), "JsonWebTokenError", "jwt malformed", "User ID not found"),
        (_token({"APIKey": KEY}, alg="none"), "JsonWebTokenError", "jwt malformed", "User ID not found"),
    ],
)
@pytest.mark.parametrize("version", [5, 6])
def test_any_other_token_is_refused(
    client: Client, version: int, authorization: str | None, name: str, message: str, kind: str
) -> None:
    _project()
    _introduce(client)

    response = _assign(client, authorization, version=version)

    assert response.status_code == 401
    said = response.json()
    assert (said["name"], said["message"], said["type"]) == (name, message, kind)


def test_the_token_is_looked_at_before_the_body(client: Client) -> None:
    _project()

    assert _assign(client, None, context=7).status_code == 401
    assert _assign(client, None, context=7, version=5).status_code == 401


def test_no_token_is_asked_for_by_default(client: Client) -> None:
    _project(requires=False)
    _introduce(client)

    assert _assign(client, None).status_code == 200
    assert _assign(client, "nonsense").status_code == 200


def test_a_project_asks_for_itself_and_routes_without_one_ask_with_it(client: Client) -> None:
    _project("home", requires=False)
    _project("exam", requires=True)
    _introduce(client)

    assert _assign(client, None, context="home").status_code == 200
    assert _assign(client, None, context="exam").status_code == 401
    assert client.post("/api/v6/init", content_type="application/json", headers={"User-Id": "u2"}).status_code == 401


@pytest.mark.parametrize("route", ["init", "log", "groupmembership", "workinggroup", "useraliases"])
def test_a_context_nobody_reads_opens_nothing(client: Client, route: str) -> None:
    _project()
    _project("open", requires=False)

    answer = client.generic(
        "PATCH" if route in {"groupmembership", "workinggroup", "useraliases"} else "POST",
        f"/api/v6/{route}",
        json.dumps({"context": "open"}),
        content_type="application/json",
        headers={"User-Id": "u1"},
    )

    assert answer.status_code == 401
