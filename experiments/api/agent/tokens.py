"""`POST /oauth/token`: a token for a client id and its secret (agent contract §1.5)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings

from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.message import Answer, Request
from decisions.engine import gojson
from experiments import tokens

FORM = "application/x-www-form-urlencoded"


def _token(request: Request) -> Answer:
    """A token for `grant_type=client_credentials`; the form is read from the body only (agent contract §1.5)."""
    if request.header("content-type").partition(";")[0].strip().lower() != FORM:
        return _refused(415, "invalid_request", f"Content-Type header value must be {FORM}")
    form = dict(reversed(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)))
    if not form.get("grant_type"):
        return _refused(400, "invalid_request", "grant_type missing from request body")
    if form["grant_type"] != "client_credentials":
        return _refused(400, "unsupported_grant_type")
    for name in ("client_id", "client_secret"):
        if not form.get(name):
            return _refused(401, "invalid_client", f"{name} missing from request body")
    return _issued(form["client_id"], form["client_secret"], datetime.now(UTC))


def _issued(client_id: str, secret: str, now: datetime) -> Answer:
    sdk_keys = None
    if settings.AGENT_HMAC_SECRETS:
        known = [_client(each) for each in settings.AGENT_CLIENTS]
        sdk_keys = tokens.sdk_keys_of(client_id=client_id, secret=secret, configured=known, now=now)
    if sdk_keys is None:
        return _refused(401, "invalid_client", "invalid client_id or client_secret")
    seconds = settings.AGENT_TOKEN_SECONDS
    signed = tokens.issue(
        sdk_keys=sdk_keys, signing_secret=settings.AGENT_HMAC_SECRETS[0], ttl=timedelta(seconds=seconds), now=now
    )
    token_type = b'","token_type":"bearer","expires_in":'
    return agent.ok(b'{"access_token":"' + signed.encode() + token_type + str(int(seconds)).encode() + b"}")


def _client(given: Mapping[str, Any]) -> tokens.Client:
    keys = tuple(map(str, given.get("sdkKeys") or ()))
    return tokens.Client(str(given.get("id", "")), str(given.get("secretHash", "")), keys)


def _refused(status: int, code: str, description: str = "") -> Answer:
    told = {"error": code, **({"error_description": description} if description else {})}
    return Answer(status, gojson.dumps(told) + b"\n")


token = agent.keyless("POST", _token)


class Token(AgentDoor):
    token = described(token, keyed=False)
