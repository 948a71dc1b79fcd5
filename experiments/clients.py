"""Clients of `/oauth/token`: making their secrets and recognising them. A secret is shown once and stored hashed."""

import base64
import hmac
import secrets

from experiments.access import hash_of
from experiments.models import ApiClient

SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as a client sends it: base64 of 32 random bytes (agent contract §1.5)."""
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def renew(*, client: ApiClient) -> str:
    """Give a client a new secret, which is answered and stored only as its hash; the old one stops working."""
    secret = new_secret()
    ApiClient.objects.filter(pk=client.pk).update(secret_hash=hash_of(secret))
    return secret


def admits(client: ApiClient, secret: str) -> bool:
    """Whether this is the client's secret; compared in constant time."""
    return hmac.compare_digest(client.secret_hash, hash_of(secret))
