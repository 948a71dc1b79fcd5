"""The hot routes: exactly these are answered before Django. Adding one is a line."""

from config.batch import batch
from config.wire.message import Handler
from decisions.api.agent.activate import activate
from decisions.api.agent.decide import decide
from events.api.agent import collect, track

HOT: dict[tuple[str, str], Handler] = {
    ("POST", "/v1/decide"): decide,
    ("POST", "/v1/activate"): activate,
    ("POST", "/v1/track"): track,
    ("POST", "/v1/batch"): batch,
    ("POST", "/v1/events"): collect,
}
