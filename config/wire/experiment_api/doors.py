"""What holds on every route of this dialect before a handler is called: verbs, stray paths, trailing slashes."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.encoding import escape_uri_path, iri_to_uri
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request as DrfRequest
from rest_framework.response import Response

from config.wire.door import Door
from config.wire.experiment_api.answering import Streamed, refusal
from config.wire.experiment_api.describing import ExperimentApiSchema
from config.wire.message import Answer, Handler, from_django, to_django

ROUTES = "config.routes.experiment_api"


class AnyAccept(DefaultContentNegotiation):
    """JSON is answered whatever `Accept` says."""

    def select_renderer(self, request: DrfRequest, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ExperimentApiDoor(Door):
    """Base of the viewsets of this dialect."""

    http_method_names = ["get", "head", "post", "patch", "delete"]
    content_negotiation_class = AnyAccept
    schema = ExperimentApiSchema()

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, MethodNotAllowed):
            allowed = ", ".join(self.allowed_methods)
            return Response({"detail": "Method Not Allowed"}, status=405, headers={"Allow": allowed})
        return super().handle_exception(exc)


def streaming(handler: Handler) -> Callable[..., HttpResponseBase]:
    """As `door.action`, for a handler that may answer with a stream."""

    def method(self: Door, request: DrfRequest, **params: Any) -> HttpResponseBase:
        answer = handler(from_django(request._request, {name: str(value) for name, value in params.items()}))
        if not isinstance(answer, Streamed):
            return to_django(answer)
        return StreamingHttpResponse(answer.parts, content_type=answer.content_type, headers=dict(answer.headers))

    method.__name__ = getattr(handler, "__name__", "answer")
    method.__doc__ = handler.__doc__
    return method


@csrf_exempt
def stray(request: HttpRequest, **params: str) -> HttpResponseBase:
    """A path that is none of the table's: 307 to the one without slashes at its end if that is one, else 404."""
    path = request.path.rstrip("/")
    if path != request.path and _leads_somewhere(path):
        return to_django(Answer(307, b"", "", (("Location", _location(path, request)),)))
    return to_django(refusal(404, "Not Found"))


def _leads_somewhere(path: str) -> bool:
    try:
        match: ResolverMatch = resolve(path, urlconf=ROUTES)
    except Resolver404:
        return False
    return match.func is not stray


def _location(path: str, request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return escape_uri_path(path) + (f"?{iri_to_uri(query)}" if query else "")
