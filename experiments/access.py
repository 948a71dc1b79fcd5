"""Access tokens of a project's datafile: kept as hashes only. They are long and random, so one plain hash is enough."""

import hashlib
import hmac
import secrets

from experiments.models import Project
from experiments.remembering import remembered


def new_token() -> str:
    """A token without `-` and `_`, so that it passes the Agent's check of header values (agent contract §1.2)."""
    return secrets.token_hex(24)


@remembered(4096)
def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def admits(token_hash: str, token: str) -> bool:
    """Whether `token` opens what `token_hash` guards; without a hash nothing is guarded."""
    return not token_hash or (bool(token) and hmac.compare_digest(hash_of(token), token_hash))


def renew(*, project: Project) -> str:
    """Guard a project's datafile by a new token, which is answered and stored only as its hash."""
    token = new_token()
    Project.objects.filter(pk=project.pk).update(access_token_hash=hash_of(token))
    return token


def remove(*, project: Project) -> None:
    """Let everybody who knows the SDK key read the datafile again."""
    Project.objects.filter(pk=project.pk).update(access_token_hash="")
