"""How results and refusals sound: JSON with a newline, `{"error": …}`, or plain text (agent contract §1.1)."""

from config.wire.message import Answer
from decisions.engine import gojson
from experiments import errors

PLAIN = "text/plain; charset=utf-8"
NO_SNIFFING = (("X-Content-Type-Options", "nosniff"),)


class Refused(Exception):
    """A request this dialect refuses, with the status and the text of its `error`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def ok(body: bytes) -> Answer:
    """200 with rendered JSON and the newline the Agent ends it with."""
    return Answer(200, body + b"\n")


def error(status: int, message: str) -> Answer:
    return Answer(status, b'{"error":' + gojson.dumps(message) + b"}\n")


def text(status: int, message: str) -> Answer:
    """Plain text, as the Agent says what its router refuses."""
    return Answer(status, message.encode("utf-8", "replace") + b"\n", PLAIN, NO_SNIFFING)


NOT_FOUND = text(404, "404 page not found")
TOO_LARGE = error(413, "request body too large")

STATUSES: dict[type[errors.DomainError], int] = {
    errors.Invalid: 400,
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.Conflict: 409,
    errors.Unavailable: 503,
}


def of_domain(refusal: errors.DomainError) -> Answer:
    """A refusal of the domain; the Agent knows none of these but the 400."""
    answer = error(STATUSES.get(type(refusal), 400), str(refusal))
    if isinstance(refusal, errors.Unavailable):
        return Answer(answer.status, answer.body, headers=(("Retry-After", str(refusal.retry_after)),))
    return answer
