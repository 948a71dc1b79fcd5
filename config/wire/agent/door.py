"""The Agent's viewsets: every verb reaches the handler, which knows its own 405 and negotiates nothing."""

from typing import Any

from django.http import HttpRequest

from config.wire.agent.endpoint import healthy, nowhere
from config.wire.door import Door, action


class AgentDoor(Door):
    """A viewset of which each route has one handler; verbs the route does not serve are the handler's to refuse."""

    minds_hosts = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The route's one method, whatever the verb: no negotiation, no parser and no DRF error before it."""
        (name,) = set(self.action_map.values())
        return getattr(self, name)(self.initialize_request(request), **kwargs)


class Nowhere(AgentDoor):
    """Every path under `/v1` that is no route: the SDK key is checked all the same."""

    schema = None
    nowhere = action(nowhere)


class AnyHealth(AgentDoor):
    """Every path that ends with `/health`."""

    schema = None
    healthy = action(healthy)
