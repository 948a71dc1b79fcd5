"""`POST /v1/batch`: several requests in one (agent contract §1.6). It calls the dialect's handlers in process."""

from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.message import Answer, Request


def _batch(request: Request) -> Answer:
    """Not built yet."""
    return agent.NOT_BUILT


batch = agent.keyless("POST", _batch)


class Batch(AgentDoor):
    batch = described(batch, keyed=False)
