"""Bearer tokens of UpGrade's clients (upgrade contract §1.4): a JWT that says nothing but the API key."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings

from config.wire.message import Request
from config.wire.upgrade.errors import Refused
from decisions import snapshots

DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def check(request: Request, body: Any, *, names_project: bool) -> None:
    """Raise Refused (401) unless the token is valid or none is needed.

    A project says whether its clients need one. A request that names no project needs one as soon as any project does;
    on a route that reads no `context`, to send one along names none.
    """
    if _is_needed(body if names_project else None):
        verify(request.header("authorization"), now=time.time())


def _is_needed(body: Any) -> bool:
    registry = snapshots.current()
    if not any(snapshot.requires_token for snapshot in registry.by_id.values()):
        return False
    context = body.get("context") if isinstance(body, dict) else None
    named = registry.by_key.get(context) if isinstance(context, str) else None
    return True if named is None else named.requires_token


def verify(authorization: str, *, now: float) -> None:
    """Raise Refused for everything but a fresh token with exactly our API key."""
    token = authorization.removeprefix("Bearer ").strip()
    if not token:
        raise Refused(401, "Token is not present in request header from client", type="Token is not present in request")
    claims = _verified(token)
    expires_at = claims.get("exp")
    if isinstance(expires_at, int | float) and expires_at <= now:
        raise Refused(401, "jwt expired", name="TokenExpiredError", type="Invalid token")
    said = {name: value for name, value in claims.items() if name not in ("iat", "exp")}
    if not settings.UPGRADE_API_KEY or said != {"APIKey": settings.UPGRADE_API_KEY}:
        raise Refused(401, "Provided token is invalid", type="Invalid token")


def _verified(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    try:
        header, payload, signature = orjson.loads(_decoded(parts[0])), _decoded(parts[1]), _decoded(parts[2])
        claims = orjson.loads(payload)
        digest = DIGESTS[header["alg"]]
        is_object = isinstance(claims, dict) and len(parts) == 3
    except (IndexError, KeyError, TypeError, ValueError):
        is_object = False
    if not is_object:
        raise Refused(401, "jwt malformed", name="JsonWebTokenError", type="User ID not found")
    signed = f"{parts[0]}.{parts[1]}".encode()
    expected = hmac.new(settings.UPGRADE_API_SECRET.encode(), signed, digest).digest()
    if not settings.UPGRADE_API_SECRET or not hmac.compare_digest(expected, signature):
        raise Refused(401, "invalid signature", name="JsonWebTokenError", type="Invalid token")
    return dict(claims)


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(part) from error
