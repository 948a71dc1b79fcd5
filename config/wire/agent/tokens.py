"""The token of a request: where it stands, and how it is refused (agent contract §1.5).

Off unless signing secrets or a key set are configured. Two shapes of refusal, as in the original: what is wrong with
the token itself is said in a plain text that is not quite JSON, what it does not allow in JSON.
"""

from datetime import UTC, datetime

from config.wire.agent import answers
from config.wire.agent.keys import HEADER
from config.wire.live import live
from config.wire.message import Answer, Request
from experiments import tokens

WRONG_CLAIMS = "invalid claims: sdk_keys not found, or have the wrong type"
FOREIGN_KEY = "SDK key given in X-Optimizely-Sdk-Key header was not found in the SDK keys in this token's claims"


def refuse(request: Request) -> Answer | None:
    """None when the request may pass."""
    if not live.AGENT_HMAC_SECRETS and not live.AGENT_JWKS_URL:
        return None
    now = datetime.now(UTC)
    try:
        claims = _trusted(token_of(request), now)
    except tokens.Distrusted as reason:
        return answers.text(401, f'{{"error": "unauthorized, "reason": "{reason}"}}')
    if tokens.has_expired(claims, now=now):
        return answers.error(401, "token expired")
    keys = claims.get("sdk_keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return answers.error(401, WRONG_CLAIMS)
    return None if request.header(HEADER) in keys else answers.error(401, FOREIGN_KEY)


def refuse_admin(request: Request) -> Answer | None:
    """The same for what the original serves on its admin port; every refusal there is JSON."""
    if not live.AGENT_ADMIN_HMAC_SECRETS:
        return None
    now = datetime.now(UTC)
    try:
        claims = tokens.trust(token_of(request), secrets=live.AGENT_ADMIN_HMAC_SECRETS, now=now)
    except tokens.Distrusted as reason:
        return answers.error(401, str(reason))
    if tokens.has_expired(claims, now=now):
        return answers.error(401, "token expired")
    return None if claims.get("admin") is True else answers.error(401, "admin flag not set")


def _trusted(token: str, now: datetime) -> tokens.Claims:
    if not live.AGENT_JWKS_URL:
        return tokens.trust(token, secrets=live.AGENT_HMAC_SECRETS, now=now)
    from config.wire.agent import keysets  # it is heavy, and hardly any server needs it

    keys = keysets.at(live.AGENT_JWKS_URL, seconds=live.AGENT_JWKS_SECONDS)
    return tokens.trust_by_key(token, find_key=keys.find, is_signed_by=keysets.is_signed_by, now=now)


def token_of(request: Request) -> str:
    """Header `Auth`, then `Jwt`, then `Authorization`; the last one present wins."""
    given = request.header("jwt") or request.header("auth")
    authorization = request.sent.get("HTTP_AUTHORIZATION")
    return given if authorization is None else _of_authorization(authorization)


def _of_authorization(value: str) -> str:
    """`Bearer <token>` in any case. The original strips the letters of "Bearer" from anything else, token or not."""
    scheme, space, token = value.partition(" ")
    return token.strip() if space and scheme.lower() == "bearer" else value.lstrip("Bear").strip()
