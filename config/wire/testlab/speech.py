"""One refusal per route: whatever fails is a 403 with the route's own sentence (testlab contract §2).

`speaking("Error in …")` wraps a handler; every route of this dialect is wrapped by it exactly once.
"""

import functools
import hmac
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError

from config.wire.message import Answer, Handler, Request
from config.wire.testlab.answers import json_answer, malformed, too_large
from config.wire.testlab.reading import Malformed
from experiments.errors import DomainError, NotAllowed, Unavailable

logger = logging.getLogger(__name__)


def speaking(sentence: str | Callable[[Request], str]) -> Callable[[Handler], Handler]:
    """Answer what goes wrong in `handler` with `sentence`, 400 for what is no JSON, 413 for what is too long."""

    def say(request: Request) -> str:
        return sentence if isinstance(sentence, str) else sentence(request)

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def answer(request: Request) -> Answer:
            if request.oversized:
                return too_large()
            try:
                return handler(request)
            except Malformed:
                return malformed()
            except Unavailable as refusal:
                return json_answer(say(request), status=503, headers={"Retry-After": str(refusal.retry_after)})
            except DomainError as refusal:
                return _refused(say(request), refusal)
            except DatabaseError:
                logger.exception("%s %s failed in the database", request.method, request.path)
                return json_answer(say(request), status=403)

        return answer

    return wrap


def _refused(sentence: str, refusal: DomainError) -> Answer:
    """The sentence of the route, and the reason in a header for people who look there."""
    reason = str(refusal).encode("ascii", "replace").decode()
    printable = "".join(sign for sign in reason if sign.isprintable())[:200]
    return json_answer(sentence, status=403, headers={"X-Reason": printable})


def guarded(handler: Handler) -> Handler:
    """Let nobody write without the token of `TESTLAB_WRITE_TOKEN`; by default there is none and all may."""

    @functools.wraps(handler)
    def answer(request: Request) -> Answer:
        expected = f"Bearer {settings.TESTLAB_WRITE_TOKEN}".encode()
        if settings.TESTLAB_WRITE_TOKEN and not hmac.compare_digest(
            request.header("authorization").encode("utf-8", "replace"), expected
        ):
            raise NotAllowed("this server wants a token for writing")
        return handler(request)

    return answer
