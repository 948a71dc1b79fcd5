"""Which host names this dialect answers for (agent contract §1.1, step 3)."""

import re

from config.wire.live import live
from config.wire.message import Request

_FORWARDED_HOST = re.compile(r"(?i)(?:^|[;,\s])host=\"?([^;,\s\"]+)")


def is_allowed(request: Request) -> bool:
    """Exact names; `.example.com` stands for its sub-domains only, `.` for every host."""
    allowed = live.AGENT_ALLOWED_HOSTS
    if "." in allowed:
        return True
    host = _host(request).partition(":")[0]
    return any(host == entry or (entry[:1] == "." and host.endswith(entry)) for entry in allowed)


def _host(request: Request) -> str:
    given = request.headers
    if "x-forwarded-host" not in given and "forwarded" not in given:
        return given.get("host", "")
    forwarded = _FORWARDED_HOST.search(request.header("forwarded"))
    named = forwarded[1] if forwarded else ""
    return request.header("x-forwarded-host") or named or request.header("host")
