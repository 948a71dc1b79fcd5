"""Which browsers may read UpGrade's answers (upgrade contract §1.1). Requests without an Origin always pass."""

from urllib.parse import urlsplit

from django.conf import settings

from config.wire.message import Answer, Request
from config.wire.upgrade.errors import Refused

METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"
HEADERS = "content-type, session-id, url, user-id, currentretry, authorization"


def check(request: Request) -> None:
    """Raise Refused for an origin that `UPGRADE_ORIGINS` does not name; an empty list names everybody."""
    origin = request.header("origin")
    if origin and settings.UPGRADE_ORIGINS and _site(origin) not in {_site(each) for each in settings.UPGRADE_ORIGINS}:
        raise Refused(403, f"Request from unauthorized origin: {origin}")


def headers(request: Request) -> tuple[tuple[str, str], ...]:
    origin = request.header("origin")
    if not origin:
        return ()
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    )


def preflight(request: Request) -> Answer:
    """204, with whatever headers the browser asked for allowed."""
    wanted = request.header("access-control-request-headers") or HEADERS
    allowed = (
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", wanted),
        ("Access-Control-Max-Age", "86400"),
    )
    return Answer(204, b"", "", (*headers(request), *allowed))


def _site(origin: str) -> str:
    """The last two labels of the host; scheme, sub-domain and port do not matter."""
    try:
        host = urlsplit(origin if "//" in origin else f"//{origin}").hostname or origin
    except ValueError:
        host = origin
    return ".".join(host.split(".")[-2:])
