"""Every route of this dialect, in the document's order."""

from typing import Any

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from config.wire.testlab import UnknownEndpoint
from events.api.testlab import Analyses, Events
from features.api.testlab import Evaluations, Features, UserBlocks
from users.api.testlab import Users


class LooseRoute(RoutePattern):
    """A route as Express reads it: in any case, with or without a last slash (testlab contract §2)."""

    def __init__(self, route: str) -> None:
        super().__init__(route, is_endpoint=True)
        self.segments = route.split("/")

    def match(self, path: str) -> Any:
        given = path.removesuffix("/").split("/")
        pairs = zip(self.segments, given, strict=False)
        spelled = [own if own.lower() == sent.lower() else sent for own, sent in pairs]
        return super().match("/".join([*spelled, *given[len(spelled) :]]))


def loose(route: str, view: Any) -> URLPattern:
    return URLPattern(LooseRoute(route), view)


unknown = UnknownEndpoint.as_view({"head": "http_method_not_allowed"})

urlpatterns = [
    loose("api/feature", Features.as_view({"post": "create", "get": "index"})),
    loose("api/feature/current", Features.as_view({"get": "current"})),
    loose("api/feature/<str:id>", Features.as_view({"get": "retrieve", "put": "replace", "delete": "destroy"})),
    loose("api/feature/<str:id>/variants", Features.as_view({"post": "create_variants", "get": "list_variants"})),
    loose("api/events", Events.as_view({"post": "create", "get": "index"})),
    loose("api/events/feature/<str:id>", Events.as_view({"get": "of_feature"})),
    loose("api/analysis/feature/<str:id>", Analyses.as_view({"get": "of_feature"})),
    loose("api/users", Users.as_view({"post": "create", "get": "index"})),
    loose("api/users/<path:id>", Users.as_view({"delete": "destroy"})),
    loose("api/userblocks", UserBlocks.as_view({"get": "index", "put": "give"})),
    loose("api/userblocks/reset", UserBlocks.as_view({"put": "reset"})),
    loose("api/userblocks/<str:name>", UserBlocks.as_view({"get": "retrieve"})),
    # Beside the document.
    loose("api/evaluate", Evaluations.as_view({"post": "create"})),
    loose("api", unknown),
    loose("api/<path:rest>", unknown),
]
