"""The key set (JWKS) that tokens are checked against: fetched once, renewed by age, the last good one kept.

It brings ten megabytes of cryptography along, so it is imported only where a key set is configured.
"""

import http.client
import logging
import threading
import time
import urllib.request
from typing import Any

import jwt
import jwt.types
import orjson

logger = logging.getLogger(__name__)

PATIENCE = 5.0
RETRY_SECONDS = 5.0
# No answer, no JSON, or JSON that is no key set.
UNREADABLE = (OSError, http.client.HTTPException, ValueError, TypeError, AttributeError, jwt.PyJWTError)

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

# Times are checked by `experiments.tokens`, whose clock is passed in; the rest is not the Agent's to check.
SIGNATURE_ONLY: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


def is_signed_by(token: str, key: Any) -> bool:
    try:
        jwt.decode(token, key, algorithms=ASYMMETRIC, options=SIGNATURE_ONLY)
    except (jwt.PyJWTError, TypeError, ValueError):  # a TypeError for an algorithm the key is not for
        return False
    return True


class KeySet:
    """The keys behind one URL, by their id."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._keys: dict[str, Any] = {}
        self._due_at = 0.0
        self._lock = threading.Lock()

    def find(self, key_id: str) -> Any:
        """The key with this id, None when the set has none."""
        if time.monotonic() >= self._due_at and self._lock.acquire(blocking=not self._keys):
            try:
                self._renew()
            finally:
                self._lock.release()
        return self._keys.get(key_id)

    def _renew(self) -> None:
        if time.monotonic() < self._due_at:
            return
        try:
            with urllib.request.urlopen(self._url, timeout=PATIENCE) as reply:
                found = jwt.PyJWKSet.from_dict(orjson.loads(reply.read()))
        except UNREADABLE:
            logger.warning("The key set at %s cannot be read; the last good one stays", self._url, exc_info=True)
            self._due_at = time.monotonic() + min(RETRY_SECONDS, self._seconds)
        else:
            self._keys = {key.key_id: key.key for key in found.keys if key.key_id}
            self._due_at = time.monotonic() + self._seconds


_sets: dict[tuple[str, float], KeySet] = {}


def at(url: str, *, seconds: float) -> KeySet:
    """The key set behind `url`, shared by the threads of this process and renewed every `seconds`."""
    return _sets.setdefault((url, seconds), KeySet(url, seconds))
