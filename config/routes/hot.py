"""The hot routes: exactly these are answered before Django. Adding one is a line."""

from config import batch
from config.wire.message import Handler
from decisions.api import agent as agent_decisions
from events.api import agent as agent_events
from events.api import testlab as testlab_events
from features.api import testlab as testlab_features
from users.api import testlab as testlab_users

HOT: dict[tuple[str, str], Handler] = {
    ("POST", "/v1/decide"): agent_decisions.decide,
    ("POST", "/v1/activate"): agent_decisions.activate,
    ("POST", "/v1/track"): agent_events.track,
    ("POST", "/v1/batch"): batch.batch,
    ("POST", "/v1/events"): agent_events.collect,
    ("GET", "/v1/config"): agent_decisions.config,
    ("GET", "/v1/datafile"): agent_decisions.datafile,
    ("GET", "/api/feature/current"): testlab_features.current,
    ("POST", "/api/events"): testlab_events.create,
    ("POST", "/api/users"): testlab_users.create,
    ("GET", "/api/users"): testlab_users.list_all,
}
