"""Which host names this dialect answers for (agent contract §1.1, step 3)."""

import re

from config.wire.live import live
from config.wire.message import Request
from experiments.remembering import remembered

_FORWARDED_HOST = re.compile(r"(?i)(?:^|[;,\s])host=\"?([^;,\s\"]+)")


def is_allowed(request: Request) -> bool:
    """Exact names; `.example.com` stands for its sub-domains only, `.` for every host."""
    allowed = live.AGENT_ALLOWED_HOSTS
    return "." in allowed or _is_listed(_host(request), tuple(allowed))


@remembered(1024)
def _is_listed(given: str, allowed: tuple[str, ...]) -> bool:
    host = given.partition(":")[0]
    return any(host == entry or (entry[:1] == "." and host.endswith(entry)) for entry in allowed)


def _host(request: Request) -> str:
    sent = request.sent
    if "HTTP_X_FORWARDED_HOST" not in sent and "HTTP_FORWARDED" not in sent:
        return sent.get("HTTP_HOST", "")
    forwarded = _FORWARDED_HOST.search(request.header("forwarded"))
    named = forwarded[1] if forwarded else ""
    return request.header("x-forwarded-host") or named or request.header("host")
