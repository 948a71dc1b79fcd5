"""Clients of `/oauth/token`: making their secrets and recognising them. A secret is shown once and stored hashed.

A secret is 32 random bytes, so one round of SHA-256 keeps it: there is nothing to guess.
"""

import base64
import hashlib
import secrets

from experiments.models import ApiClient

SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as a client sends it: base64 of 32 random bytes (agent contract §1.5)."""
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def hash_of(secret: str) -> str:
    """What is stored of a secret: `sha256$<hex>`."""
    return "sha256$" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret(secret: str, *, secret_hash: str) -> bool:
    """Whether this is the secret that was hashed, in constant time."""
    return secrets.compare_digest(hash_of(secret), secret_hash)


def renew(*, client: ApiClient) -> str:
    """Give a client a new secret, which is answered and stored only as its hash; the old one stops working."""
    secret = new_secret()
    ApiClient.objects.filter(pk=client.pk).update(secret_hash=hash_of(secret))
    return secret
