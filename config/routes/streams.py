"""What the streams process answers: what these handlers let pass becomes a stream."""

from config.wire.agent import nowhere
from config.wire.message import Handler
from events.api import agent as events

STREAMS: dict[str, Handler] = {"/v1/notifications/event-stream": events.subscription}
NOWHERE: Handler = nowhere
