"""`POST /v1/override`: an arm for one person, for debugging (agent contract §1.4, §4.2)."""

from django.conf import settings

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.message import Answer, Request
from decisions.agent import overrides
from decisions.api.agent.shapes import OverrideBody
from decisions.compile import Snapshot
from decisions.engine import gojson


@agent.post
def override(request: Request, snapshot: Snapshot) -> Answer:
    """One object, although the document says a list; `messages` is null when there is nothing to say."""
    if not settings.AGENT_OVERRIDES:
        return agent.text(403, "Overrides not enabled")
    asked = agent.read(request, OverrideBody)
    if not asked.userId:
        raise Refused(400, "userId cannot be empty")
    if not asked.experimentKey:
        raise Refused(400, "experimentKey cannot be empty")
    variation_key = asked.variationKey or ""
    done = overrides.put(
        snapshot, user_id=asked.userId, experiment_key=asked.experimentKey, variation_key=variation_key
    )
    fields = {
        "userId": asked.userId,
        "experimentKey": asked.experimentKey,
        "variationKey": variation_key,
        "prevVariationKey": done.previous,
        "messages": list(done.messages) or None,
    }
    return agent.ok(gojson.obj((name, gojson.dumps(value)) for name, value in fields.items()))


class Override(AgentDoor):
    override = described(override, takes=OverrideBody)
