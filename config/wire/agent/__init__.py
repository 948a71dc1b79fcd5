"""The Agent's grammar: what is true of every one of its routes (agent contract §1.1, §1.2).

`endpoint` is the order of checks, `bodies` reads JSON as Go does, `answers` says how results and refusals sound.
"""

from config.wire.agent.answers import NOT_FOUND, Refused, error, ok, text
from config.wire.agent.bodies import document, read
from config.wire.agent.describing import described
from config.wire.agent.door import AgentDoor, AnyHealth, Nowhere
from config.wire.agent.endpoint import (
    Endpoint,
    Keyless,
    elsewhere,
    fresh_id,
    get,
    keyless,
    nowhere,
    open_to_browsers,
    post,
    posted_only,
)
from config.wire.agent.relaying import relayed
from config.wire.agent.tokens import refuse_admin

__all__ = [
    "NOT_FOUND",
    "AgentDoor",
    "AnyHealth",
    "Endpoint",
    "Keyless",
    "Nowhere",
    "Refused",
    "described",
    "document",
    "elsewhere",
    "error",
    "fresh_id",
    "get",
    "keyless",
    "nowhere",
    "ok",
    "open_to_browsers",
    "post",
    "posted_only",
    "read",
    "refuse_admin",
    "relayed",
    "text",
]
