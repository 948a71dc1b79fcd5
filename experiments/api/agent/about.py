"""`GET /info` and `GET /metrics`: what the Agent serves on its admin port (agent contract §1.7)."""

import time

from django.conf import settings

from config import durations
from config import metrics as counted
from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.message import Answer, Request
from decisions.engine import gojson

STARTED = time.monotonic()
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def _info(request: Request) -> Answer:
    """Version, author, name, and for how long this process has been up."""
    fields = {
        "version": settings.AGENT_VERSION,
        "author": settings.AGENT_AUTHOR,
        "app_name": settings.AGENT_NAME,
        "uptime": durations.text_of(time.monotonic() - STARTED),
    }
    return _signed(agent.ok(gojson.obj((name, gojson.dumps(value)) for name, value in fields.items())), request)


def _metrics(request: Request) -> Answer:
    """What this server counts about itself, as Prometheus reads it."""
    return _signed(Answer(200, counted.rendered(), EXPOSITION), request)


def _signed(answer: Answer, request: Request) -> Answer:
    """The answer, or the refusal of a request without an admin's token, with the headers of the admin port."""
    found = agent.refuse_admin(request) or answer
    headers = (
        ("Author", settings.AGENT_AUTHOR),
        ("App-Name", settings.AGENT_NAME),
        ("App-Version", settings.AGENT_VERSION),
    )
    return Answer(found.status, found.body, found.content_type, found.headers + headers)


info = agent.keyless("GET", _info)
metrics = agent.keyless("GET", _metrics)


class Info(AgentDoor):
    info = described(info, keyed=False)


class Metrics(AgentDoor):
    schema = None
    metrics = described(metrics, keyed=False)
