"""The viewset of this dialect: unknown verbs are unknown endpoints, OPTIONS is a preflight, HEAD has no body."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as DrfRequest

from config.wire.door import Door
from config.wire.message import Handler, from_django, to_django
from config.wire.testlab.answers import preflight, unknown_endpoint


class TestLabDoor(Door):
    """Base of Test Lab's viewsets."""

    __test__ = False  # a name for people, not for a test runner

    def through(self, request: DrfRequest, handler: Handler, **params: Any) -> HttpResponse:
        response = super().through(request, handler, **params)
        if request.method == "HEAD" and response.status_code != 304:
            response["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return to_django(unknown_endpoint())

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return to_django(preflight(from_django(request._request).header("access-control-request-headers")))


@extend_schema(exclude=True)
class UnknownEndpoint(TestLabDoor):
    """Whatever else begins with `/api`: no verb is known here."""
