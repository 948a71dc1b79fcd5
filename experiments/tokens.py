"""Tokens of the Agent's clients: who may have one, how it is signed, whether one can be trusted (agent contract §1.5).

Reasons for distrust are worded as the original's library words them; clients show them to people.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bcrypt

from experiments import clients, texts
from experiments.models import ApiClient

BCRYPT_IN_BASE64 = "JDJ"
ISSUER = "Optimizely"
DIGESTS: Mapping[str, Any] = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
Claims = dict[str, Any]
FindKey = Callable[[str], Any]
IsSignedBy = Callable[[str, Any], bool]


class Distrusted(Exception):
    """A token that proves nothing; the message is the reason a client is told."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client from the configuration: `secret_hash` is the base64 of a bcrypt hash of the decoded secret."""

    id: str
    secret_hash: str
    sdk_keys: tuple[str, ...]


def sdk_keys_of(*, client_id: str, secret: str, configured: Sequence[Client], now: datetime) -> list[str] | None:
    """The SDK keys a client may ask for, None when id and secret belong to nobody."""
    known = next((each for each in configured if each.id == client_id and each.sdk_keys), None)
    if known is not None:
        return list(known.sdk_keys) if _is_bcrypt_of(secret, known.secret_hash) else None
    row = ApiClient.objects.filter(client_id=client_id).first() if texts.is_storable(client_id) else None
    if row is None or (row.expires_at is not None and row.expires_at <= now) or not _is_secret_of(row, secret):
        return None
    ApiClient.objects.filter(pk=row.pk).update(last_used_at=now)
    return list(row.projects.order_by("pk").values_list("sdk_key", flat=True))


def _is_secret_of(row: ApiClient, secret: str) -> bool:
    """Our own hash, or one brought along from the original's configuration."""
    if row.secret_hash.startswith(BCRYPT_IN_BASE64):
        return _is_bcrypt_of(secret, row.secret_hash)
    return clients.admits(row, secret)


def _is_bcrypt_of(secret: str, secret_hash: str) -> bool:
    try:
        return bcrypt.checkpw(base64.b64decode(secret, validate=True), base64.b64decode(secret_hash, validate=True))
    except ValueError:
        return False


def issue(*, sdk_keys: Sequence[str], signing_secret: bytes, ttl: timedelta, now: datetime) -> str:
    """A signed token (HS256) that opens these SDK keys for `ttl`."""
    claims = {"exp": int((now + ttl).timestamp()), "iss": ISSUER, "sdk_keys": list(sdk_keys)}
    signed = ".".join(_encoded(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(signing_secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=").decode()


def trust(token: str, *, secrets: Sequence[bytes], now: datetime) -> Claims:
    """The claims of a token that one of the secrets signed. Raises Distrusted with the last secret's reason."""
    header, claims, signed, signature = _taken_apart(token)
    digest = DIGESTS.get(str(header.get("alg")))
    if digest is None:
        raise Distrusted("unexpected signing method")
    if not any(hmac.compare_digest(hmac.new(each, signed, digest).digest(), signature) for each in secrets):
        raise Distrusted("signature is invalid")
    _check_times(claims, now)
    return claims


def trust_by_key(token: str, *, find_key: FindKey, is_signed_by: IsSignedBy, now: datetime) -> Claims:
    """The claims of a token that a key of a key set signed; `find_key` answers the key with an id or None.

    Raises Distrusted.
    """
    header, claims, _, _ = _taken_apart(token)
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise Distrusted("expecting JWT header to have string kid")
    key = find_key(key_id)
    if key is None:
        raise Distrusted(f'unable to find key "{key_id}"')
    if not is_signed_by(token, key):
        raise Distrusted("signature is invalid")
    _check_times(claims, now)
    return claims


def _taken_apart(token: str) -> tuple[Claims, Claims, bytes, bytes]:
    """Header, claims, what is signed, and the signature. Raises Distrusted."""
    if not token:
        raise Distrusted("empty token")
    parts = token.split(".")
    if len(parts) != 3:
        raise Distrusted("token contains an invalid number of segments")
    header, claims = (_object(_decoded(part)) for part in parts[:2])
    return header, claims, f"{parts[0]}.{parts[1]}".encode("utf-8", "replace"), _decoded(parts[2])


def _decoded(part: str) -> bytes:
    strange = next(
        (at for at, sign in enumerate(part) if not (sign.isascii() and (sign.isalnum() or sign in "-_"))), -1
    )
    try:
        if strange >= 0:
            raise Distrusted(f"illegal base64 data at input byte {strange}")
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as fault:
        raise Distrusted(f"illegal base64 data at input byte {len(part) - 1}") from fault


def _refuse_constant(name: str) -> None:
    """JSON knows neither NaN, which would never expire, nor Infinity."""
    raise Distrusted(f"invalid character '{name.lstrip('-')[0]}' looking for beginning of value")


def _object(raw: bytes) -> Claims:
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        sign = chr(raw[0]) if raw else ""
        raise Distrusted(
            f"invalid character '{sign}' looking for beginning of value" if raw else "unexpected end of JSON input"
        ) from fault
    if not isinstance(value, dict):
        raise Distrusted("json: cannot unmarshal value into an object")
    return value


def _check_times(claims: Claims, now: datetime) -> None:
    """Raises Distrusted for a token before or after its time; a missing time is no fault here."""
    instant = now.timestamp()
    if _is_number(claims.get("exp")) and instant > claims["exp"]:
        raise Distrusted("Token is expired")
    if _is_number(claims.get("iat")) and instant < claims["iat"]:
        raise Distrusted("Token used before issued")
    if _is_number(claims.get("nbf")) and instant < claims["nbf"]:
        raise Distrusted("Token is not valid yet")


def has_expired(claims: Claims, *, now: datetime) -> bool:
    """Whether a token says no end, or one that has come."""
    return not _is_number(claims.get("exp")) or claims["exp"] <= now.timestamp()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
