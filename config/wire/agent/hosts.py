"""Which host names this dialect answers for (agent contract §1.1, step 3)."""

import re

from django.conf import settings

from config.wire.message import Request

_FORWARDED_HOST = re.compile(r"(?i)(?:^|[;,\s])host=\"?([^;,\s\"]+)")


def is_allowed(request: Request) -> bool:
    """Exact names; `.example.com` stands for its sub-domains only, `.` for every host."""
    allowed = settings.AGENT_ALLOWED_HOSTS
    if "." in allowed:
        return True
    host = _host(request).partition(":")[0]
    return any(host == entry or (entry[:1] == "." and host.endswith(entry)) for entry in allowed)


def _host(request: Request) -> str:
    forwarded = _FORWARDED_HOST.search(request.header("forwarded"))
    named = forwarded[1] if forwarded else ""
    return request.header("x-forwarded-host") or named or request.header("host")
