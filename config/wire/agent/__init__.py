"""The Agent's grammar: what is true of every one of its routes (agent contract §1.1, §1.2).

`endpoint` is the order of checks, `bodies` reads JSON as Go does, `answers` says how results and refusals sound.
"""

from config.wire.agent.answers import NOT_BUILT, Refused, error, ok, text
from config.wire.agent.bodies import document, read
from config.wire.agent.describing import described
from config.wire.agent.door import AgentDoor, Nowhere
from config.wire.agent.endpoint import Endpoint, get, keyless, open_to_browsers, post

__all__ = [
    "NOT_BUILT",
    "AgentDoor",
    "Endpoint",
    "Nowhere",
    "Refused",
    "described",
    "document",
    "error",
    "get",
    "keyless",
    "ok",
    "open_to_browsers",
    "post",
    "read",
    "text",
]
