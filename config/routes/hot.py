"""The hot routes: exactly these are answered before Django. Adding one is a line."""

from config.routes.agent import BATCH
from config.wire.message import Handler
from decisions.api.agent.activate import activate
from decisions.api.agent.decide import decide
from decisions.api.upgrade import assign, feature_flag, mark
from events.api import agent as agent_events
from events.api import testlab as testlab_events
from features.api.testlab import current
from users.api import testlab as testlab_users

HOT: dict[tuple[str, str], Handler] = {
    ("POST", "/v1/decide"): decide,
    ("POST", "/v1/activate"): activate,
    ("POST", "/v1/track"): agent_events.track,
    ("POST", "/v1/batch"): BATCH,
    ("POST", "/v1/events"): agent_events.collect,
    ("POST", "/api/v5/assign"): assign,
    ("POST", "/api/v5/mark"): mark,
    ("POST", "/api/v5/featureflag"): feature_flag,
    ("POST", "/api/v6/assign"): assign,
    ("POST", "/api/v6/mark"): mark,
    ("POST", "/api/v6/featureflag"): feature_flag,
    ("GET", "/api/feature/current"): current,
    ("GET", "/api/users"): testlab_users.list_all,
    ("POST", "/api/users"): testlab_users.create,
    ("POST", "/api/events"): testlab_events.create,
}
