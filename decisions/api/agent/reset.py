"""`POST /v1/reset`: forget what was only in memory (agent contract §1.4). For test suites; not in the document."""

from datetime import UTC, datetime

from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.message import Answer, Request
from decisions.agent import overrides
from decisions.compile import Snapshot
from decisions.upstream import polling, predicting
from users import shared_memory, stored_profiles


@agent.post
def reset(request: Request, snapshot: Snapshot) -> Answer:
    """Overrides and in-memory profiles are gone, and a mirrored datafile is looked for again."""
    for space in (overrides.SPACE, stored_profiles.SPACE, stored_profiles.ORDER, predicting.SPACE):
        shared_memory.forget(space, project_id=snapshot.project_id)
    polling.fetch_anew(sdk_key=snapshot.sdk_key, now=datetime.now(UTC))
    return agent.ok(b'{"result":true}')


class Reset(AgentDoor):
    reset = described(reset)
