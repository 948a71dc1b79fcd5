"""Which requests Django asks for their host: those of pages. Dialects that have rules of their own ask themselves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware

from experiments.remembering import remembered

NOT_MODIFIED = 304


@remembered(1024)
def is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a `Host` header names one of the hosts this server answers for."""
    return validate_host(split_domain_port(host)[0], allowed)


class HostsMiddleware(CommonMiddleware):
    """Django's own, but the host is looked at when it is known who answers. A viewset that `minds_hosts` is let be:
    a load balancer asks `/health` by address, and an Agent knows forwarded hosts (agent contract §1.1)."""

    def process_request(self, request: HttpRequest) -> None:
        return None

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        if not getattr(getattr(view, "cls", None), "minds_hosts", False):
            request.get_host()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A 304 stands for a body that is not here, so it announces no length (RFC 9110 §8.6)."""
        return response if response.status_code == NOT_MODIFIED else super().process_response(request, response)
