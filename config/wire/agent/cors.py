"""Which browsers may ask: the Agent's own CORS rules for `/v1/*` (agent contract §1.1)."""

import re
from functools import lru_cache

from config.wire.live import live
from config.wire.message import Answer, Request

Headers = tuple[tuple[str, str], ...]

VARY: Headers = (("Vary", "Origin"),)
ALWAYS_ALLOWED = frozenset({"origin", "accept", "content-type"})
PREFLIGHT_VARY = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")


OPEN: Headers = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "Last-Modified"))


def open_preflight(request: Request) -> Answer:
    """Every origin may send every header: for what holds no secret and takes no cookie."""
    asked = request.header("access-control-request-headers")
    headers = (
        *OPEN,
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
        ("Access-Control-Allow-Headers", asked or "*"),
        ("Access-Control-Max-Age", "86400"),
    )
    return Answer(204, b"", "", headers)


def is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.sent


def preflight(request: Request) -> Answer:
    """Always 200 and empty; the allow headers only when origin, method and every header asked for are allowed."""
    method = request.header("access-control-request-method").upper()
    asked = [name.strip() for name in request.header("access-control-request-headers").split(",") if name.strip()]
    headers = [("Vary", name) for name in PREFLIGHT_VARY]
    origin = request.header("origin")
    if origin and _is_allowed(origin) and method in _methods() and all(_may_send(name) for name in asked):
        headers += [
            ("Access-Control-Allow-Origin", _shown(origin)),
            ("Access-Control-Allow-Methods", method),
            *([("Access-Control-Allow-Headers", ", ".join(name.title() for name in asked))] if asked else []),
            *_credentials(),
            *([("Access-Control-Max-Age", str(live.AGENT_CORS_MAX_AGE))] if live.AGENT_CORS_MAX_AGE else []),
        ]
    return Answer(200, b"", "", tuple(headers))


def of_answer(request: Request) -> Headers:
    """What an actual request's answer says: `Vary` always, the rest when the origin is allowed."""
    origin = request.sent.get("HTTP_ORIGIN")
    if not origin or request.method not in _methods() or not _is_allowed(origin):
        return VARY
    exposed = live.AGENT_CORS_EXPOSED_HEADERS
    return (
        *VARY,
        ("Access-Control-Allow-Origin", _shown(origin)),
        *((("Access-Control-Expose-Headers", ", ".join(exposed)),) if exposed else ()),
        *_credentials(),
    )


def _methods() -> set[str]:
    return {method.upper() for method in live.AGENT_CORS_METHODS}


def _may_send(name: str) -> bool:
    allowed = {header.lower() for header in live.AGENT_CORS_HEADERS}
    return "*" in allowed or name.lower() in allowed | ALWAYS_ALLOWED


def _credentials() -> Headers:
    return (("Access-Control-Allow-Credentials", "true"),) if live.AGENT_CORS_CREDENTIALS else ()


def _shown(origin: str) -> str:
    return "*" if _allows_all() else origin


def _allows_all() -> bool:
    return not live.AGENT_CORS_ORIGINS or "*" in live.AGENT_CORS_ORIGINS


def _is_allowed(origin: str) -> bool:
    return _allows_all() or any(_pattern(entry).fullmatch(origin.lower()) for entry in live.AGENT_CORS_ORIGINS)


@lru_cache(maxsize=256)
def _pattern(entry: str) -> re.Pattern[str]:
    """One `*` per configured origin stands for anything."""
    head, star, tail = entry.lower().partition("*")
    return re.compile(re.escape(head) + (".*" + re.escape(tail) if star else ""))
