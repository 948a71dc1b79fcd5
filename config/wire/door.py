"""The second door: a DRF viewset whose routes are answered by the handlers that the lane also calls."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request as DrfRequest
from rest_framework.viewsets import ViewSet

from config.wire.message import Handler, from_django, to_django


class Door(ViewSet):
    """Base of every dialect's viewsets. `through` hands the request to a handler, unparsed.

    Headers are the handler's alone, as in the lane: DRF's own `Allow` and `Vary` are left out. `minds_hosts` says that
    the handlers know which hosts they answer for; else Django does (`config.hosts`).
    """

    minds_hosts = False

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def through(self, request: DrfRequest, handler: Handler, **params: Any) -> HttpResponse:
        return to_django(handler(from_django(request._request, {name: str(value) for name, value in params.items()})))


def action(handler: Handler) -> Callable[..., HttpResponse]:
    """A viewset method that is nothing but a door to `handler`."""

    def method(self: Door, request: DrfRequest, **params: Any) -> HttpResponse:
        return self.through(request, handler, **params)

    method.__name__ = getattr(handler, "__name__", "answer")
    method.__doc__ = handler.__doc__
    return method
