"""The hot routes: exactly these are answered before Django. Adding one is a line."""

from config.batch import batch
from config.wire.message import Handler
from decisions.api.agent.activate import activate
from decisions.api.agent.decide import decide
from events.api import testlab as testlab_events
from events.api.agent import collect, track
from features.api.testlab import current
from users.api import testlab as testlab_users

HOT: dict[tuple[str, str], Handler] = {
    ("POST", "/v1/decide"): decide,
    ("POST", "/v1/activate"): activate,
    ("POST", "/v1/track"): track,
    ("POST", "/v1/batch"): batch,
    ("POST", "/v1/events"): collect,
    ("GET", "/api/feature/current"): current,
    ("POST", "/api/events"): testlab_events.create,
    ("POST", "/api/users"): testlab_users.create,
    ("GET", "/api/users"): testlab_users.list_all,
}
