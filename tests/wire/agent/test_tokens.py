"""`POST /oauth/token` and what a token opens (agent contract §1.5)."""

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import bcrypt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from experiments import clients
from experiments.models import ApiClient, Project
from tests import builders
from tests.wire.agent.calling import Agent, Reply
from tests.wire.agent.hosting import Said, hosting

pytestmark = pytest.mark.django_db

SECRETS = [b"first-signing-secret-of-32-bytes", b"second-signing-secret-of-32-byte"]
CLIENT_SECRET = b"\x00\x01" * 16
FORM = "application/x-www-form-urlencoded"
DATAFILE = "/v1/datafile"


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.AGENT_HMAC_SECRETS = SECRETS
    secret_hash = base64.b64encode(bcrypt.hashpw(CLIENT_SECRET, bcrypt.gensalt(4))).decode()
    settings.AGENT_CLIENTS = [{"id": "theirs", "secretHash": secret_hash, "sdkKeys": ["homekey", "other"]}]


@pytest.fixture
def home() -> Agent:
    builders.project(sdk_key="homekey")
    return Agent("homekey")


def ask(client_id: str, secret: bytes | str) -> Reply:
    text = secret if isinstance(secret, str) else base64.b64encode(secret).decode()
    body = f"grant_type=client_credentials&client_id={client_id}&client_secret={text.replace('+', '%2B')}"
    return Agent().post("/oauth/token", body, Content_Type=FORM)


def token(*, secret: bytes = SECRETS[0], algorithm: str = "HS256", **claims: Any) -> str:
    now = datetime.now(UTC)
    return jwt.encode({"exp": now + timedelta(hours=1), "sdk_keys": ["homekey"], **claims}, secret, algorithm)


def reason(reply: Reply) -> str:
    assert (reply.status, reply.headers["Content-Type"]) == (401, "text/plain; charset=utf-8")
    head, tail = '{"error": "unauthorized, "reason": "', '"}\n'
    assert reply.text.startswith(head) and reply.text.endswith(tail)
    return reply.text[len(head) : -len(tail)]


def test_configured_client_gets_a_token_that_opens_its_keys(home: Agent, settings: Any) -> None:
    settings.AGENT_TOKEN_SECONDS = 1800

    reply = ask("theirs", CLIENT_SECRET)

    given = reply.json()
    assert (reply.status, list(given)) == (200, ["access_token", "token_type", "expires_in"])
    assert (given["token_type"], given["expires_in"]) == ("bearer", 1800)
    claims = jwt.decode(given["access_token"], SECRETS[0], ["HS256"])
    assert (claims["iss"], claims["sdk_keys"]) == ("Optimizely", ["homekey", "other"])
    assert home.get(DATAFILE, Authorization=f"Bearer {given['access_token']}").status == 200


def test_own_client_gets_a_token_for_its_projects(home: Agent) -> None:
    client = ApiClient.objects.create(client_id="ours", secret_hash="")
    client.projects.set([home_project()])
    secret = clients.renew(client=client)

    given = ask("ours", secret).json()["access_token"]

    assert home.get(DATAFILE, Auth=given).status == 200
    client.refresh_from_db()
    assert client.last_used_at is not None


def home_project() -> Any:

    return Project.objects.get(sdk_key="homekey")


def test_own_client_that_has_expired_gets_nothing() -> None:
    client = ApiClient.objects.create(client_id="ours", expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert ask("ours", clients.renew(client=client)).status == 401


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ("", 400, {"error": "invalid_request", "error_description": "grant_type missing from request body"}),
        ("grant_type=password&client_id=a", 400, {"error": "unsupported_grant_type"}),
        (
            "grant_type=client_credentials&client_secret=x",
            401,
            {"error": "invalid_client", "error_description": "client_id missing from request body"},
        ),
        (
            "grant_type=client_credentials&client_id=x",
            401,
            {"error": "invalid_client", "error_description": "client_secret missing from request body"},
        ),
        (
            "grant_type=client_credentials&client_id=x&client_secret=%21",
            401,
            {"error": "invalid_client", "error_description": "invalid client_id or client_secret"},
        ),
    ],
)
def test_bad_form_is_refused_in_oauths_own_words(body: str, status: int, told: dict[str, str]) -> None:
    reply = Agent().post("/oauth/token", body, Content_Type=FORM)

    assert (reply.status, reply.json()) == (status, told)


def test_client_no_database_can_name_is_unknown() -> None:
    assert ask("a%00b", CLIENT_SECRET).status == 401


@pytest.mark.parametrize("secret", [b"\x00\x01" * 15 + b"\x00\x02", b"", b"x" * 100, "!!!", "é"])
def test_wrong_secret_is_refused(secret: bytes | str) -> None:
    assert ask("theirs", secret).status == 401


def test_query_parameters_are_no_form() -> None:
    reply = Agent().post("/oauth/token?grant_type=client_credentials", "", Content_Type=FORM)

    assert reply.json()["error_description"] == "grant_type missing from request body"


def test_other_content_type_is_refused() -> None:
    reply = Agent().post("/oauth/token", {"grant_type": "client_credentials"})

    assert (reply.status, reply.json()["error"]) == (415, "invalid_request")


def test_token_endpoint_is_posted_to_only() -> None:
    reply = Agent().get("/oauth/token")

    assert (reply.status, reply.text) == (404, "404 page not found\n")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_and_length_of_hash_is_trusted(home: Agent, secret: bytes, algorithm: str) -> None:
    given = token(secret=secret, algorithm=algorithm)

    assert home.get(DATAFILE, Authorization=f"Bearer {given}").status == 200


@pytest.mark.parametrize("header", ["Auth", "Jwt"])
def test_raw_token_stands_in_its_own_headers(home: Agent, header: str) -> None:
    assert home.get(DATAFILE, **{header: token()}).status == 200


def test_scheme_is_read_in_any_case_and_the_last_header_wins(home: Agent) -> None:
    assert home.get(DATAFILE, Authorization=f"bearer {token()}").status == 200
    assert reason(home.get(DATAFILE, Auth=token(), Authorization="Bearer abc")).startswith("token contains")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "empty token"),
        ("Bearer ", "empty token"),
        ("Bearer abc", "token contains an invalid number of segments"),
        ("Bearer a.b!.c", "illegal base64 data at input byte 0"),
        ("Token " + token(), "illegal base64 data at input byte 5"),
        (token(), "invalid character 'È' looking for beginning of value"),
        ("Bearer " + token(secret=b"somebody-elses-secret-of-32-byte"), "signature is invalid"),
        ("Bearer " + token(exp=1), "Token is expired"),
        ("Bearer " + token(exp=float("nan")), "invalid character 'N' looking for beginning of value"),
        ("Bearer " + token(nbf=9e9), "Token is not valid yet"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "unexpected signing method"),
    ],
)
def test_distrusted_token_is_told_why(home: Agent, value: str, why: str) -> None:
    assert reason(home.get(DATAFILE, Authorization=value)) == why


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": None}, "token expired"),
        ({"sdk_keys": "homekey"}, "invalid claims: sdk_keys not found, or have the wrong type"),
        ({"sdk_keys": None, "admin": True}, "invalid claims: sdk_keys not found, or have the wrong type"),
        (
            {"sdk_keys": ["other"]},
            "SDK key given in X-Optimizely-Sdk-Key header was not found in the SDK keys in this token's claims",
        ),
    ],
)
def test_token_that_does_not_open_this_key_is_told_in_json(home: Agent, claims: dict[str, Any], told: str) -> None:
    given = jwt.encode(
        {"exp": datetime.now(UTC) + timedelta(hours=1), "sdk_keys": ["homekey"]} | claims
        if claims.get("exp", 1) is not None
        else {"sdk_keys": ["homekey"]},
        SECRETS[0],
    )

    reply = home.get(DATAFILE, Authorization=f"Bearer {given}")

    assert (reply.status, reply.json()) == (401, {"error": told})


def test_verb_is_told_before_the_token_and_the_token_before_the_content_type(home: Agent) -> None:
    assert home.post(DATAFILE, {}).status == 405
    assert home.post("/v1/decide", "x", Content_Type="text/plain").status == 401
    assert Agent("nobody").get(DATAFILE).status == 403


def test_a_batch_is_checked_operation_by_operation(home: Agent) -> None:
    headers = {"X-Optimizely-SDK-Key": "homekey"}
    operations = [
        {"method": "GET", "url": "/v1/config", "headers": headers},
        {"method": "GET", "url": "/v1/config", "headers": headers | {"Authorization": f"Bearer {token()}"}},
    ]

    items = Agent().post("/v1/batch", {"operations": operations}).json()["response"]

    assert [item["status"] for item in items] == [401, 200]


def test_a_batch_may_ask_for_a_token_whatever_the_hosts(home: Agent, settings: Any) -> None:
    settings.AGENT_ALLOWED_HOSTS = ["testserver"]
    operation = {"method": "POST", "url": "/oauth/token", "headers": {"Content-Type": FORM}}

    reply = Agent().post("/v1/batch", {"operations": [operation]}, Host="testserver")

    (item,) = reply.json()["response"]
    assert (item["status"], item["body"]["error"]) == (400, "invalid_request")


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_set() -> Iterator[str]:
    """The URL of a key set with one key, `k1`."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    body = json.dumps({"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    server.server_close()


def test_key_set_is_trusted_instead_of_the_secrets(home: Agent, settings: Any, key_set: str) -> None:
    settings.AGENT_JWKS_URL = key_set
    claims = {"exp": datetime.now(UTC) + timedelta(hours=1), "sdk_keys": ["homekey"]}

    good = jwt.encode(claims, KEY, "RS256", headers={"kid": "k1"})
    unknown = jwt.encode(claims, KEY, "RS256", headers={"kid": "k2"})
    nameless = jwt.encode(claims, KEY, "RS256")
    forged = jwt.encode(claims, rsa.generate_private_key(65537, 2048), "RS256", headers={"kid": "k1"})

    assert home.get(DATAFILE, Authorization=f"Bearer {good}").status == 200
    assert reason(home.get(DATAFILE, Authorization=f"Bearer {unknown}")) == 'unable to find key "k2"'
    assert reason(home.get(DATAFILE, Authorization=f"Bearer {nameless}")) == "expecting JWT header to have string kid"
    assert reason(home.get(DATAFILE, Authorization=f"Bearer {forged}")) == "signature is invalid"
    assert home.get(DATAFILE, Authorization=f"Bearer {token()}").status == 401


def test_token_that_no_key_can_have_signed_is_distrusted(home: Agent, settings: Any, key_set: str) -> None:
    settings.AGENT_JWKS_URL = key_set

    odd_id = jwt.encode({}, KEY, "RS256", headers={"kid": "\ud800"})
    of_another_kind = jwt.encode({}, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k1"})

    assert reason(home.get(DATAFILE, Authorization=f"Bearer {odd_id}")) == 'unable to find key "?"'
    assert reason(home.get(DATAFILE, Authorization=f"Bearer {of_another_kind}")) == "signature is invalid"


@pytest.mark.parametrize("said", [Said(500), Said(200, b"[]"), Said(200, b'{"keys": [5]}'), Said(200, b'{"keys": 5}')])
def test_key_set_that_cannot_be_read_opens_nothing(home: Agent, settings: Any, said: Said) -> None:
    given = jwt.encode({"sdk_keys": ["homekey"]}, KEY, "RS256", headers={"kid": "k1"})

    with hosting(lambda asked: said) as host:
        settings.AGENT_JWKS_URL = f"{host.url}/keys"
        reply = home.get(DATAFILE, Authorization=f"Bearer {given}")

    assert reason(reply) == 'unable to find key "k1"'
