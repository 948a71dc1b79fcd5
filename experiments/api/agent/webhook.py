"""`POST /webhooks/optimizely`: somebody else's project has a new datafile (agent contract §1.8)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.message import Answer, Request
from decisions.upstream import polling

UNREADABLE = "Unable to parse webhook message."
FORGED = "Computed signature does not match signature in request. Ignoring message."


class News(msgspec.Struct):
    revision: int | None = None
    origin_url: str | None = None
    cdn_url: str | None = None
    environment: str | None = None


class WebhookBody(msgspec.Struct):
    project_id: int | None = None
    timestamp: int | None = None
    event: str | None = None
    data: News | None = None


def _webhook(request: Request) -> Answer:
    """204: every mirror whose SDK key begins with one of the project's is polled at once."""
    if request.header("content-type").partition(";")[0].strip().lower() != "application/json":
        return Answer(415, b"", "")
    try:
        message = agent.read(request, WebhookBody) if request.body else None
    except Refused:
        message = None
    if message is None:
        raise Refused(400, UNREADABLE)
    project = settings.AGENT_WEBHOOKS.get(str(message.project_id or 0))
    if project is not None:
        _check_signature(request, project)
        polling.poll_keys(beginnings=[str(key) for key in project.get("sdkKeys") or ()], now=datetime.now(UTC))
    return Answer(204, b"", "")


def _check_signature(request: Request, project: Mapping[str, Any]) -> None:
    if project.get("skipSignatureCheck"):
        return
    secret = str(project.get("secret") or "")
    computed = "sha1=" + hmac.new(secret.encode(), request.body, hashlib.sha1).hexdigest()
    # Without a secret anybody could sign; the original lets them.
    if not secret or not hmac.compare_digest(computed.encode(), request.header("x-hub-signature").encode()):
        raise Refused(400, FORGED)


webhook = agent.posted_only(_webhook)


class Webhook(AgentDoor):
    webhook = described(webhook, takes=WebhookBody, keyed=False)
