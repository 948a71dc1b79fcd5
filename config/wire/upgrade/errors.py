"""How UpGrade says that something went wrong (upgrade contract §1.5)."""

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from config.wire.message import Answer
from experiments import errors

WRONG_PARAMETER = "Parameter not in the correct format"
NO_USER = "Experiment user not defined"
QUERY_FAILED = "Query Failed"
WRONG_BODY = "Invalid body, check 'errors' property for more info."


class Refused(Exception):
    """A refusal as UpGrade words it: `type` is left out of the body when it is empty."""

    def __init__(self, status: int, message: str, *, name: str = "Error", type: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.type = type


@dataclass(frozen=True, slots=True)
class Wording:
    """How a missing thing sounds: `message` takes the key."""

    status: int
    message: str
    type: str


MISSING: dict[str, Wording] = {
    "user": Wording(404, "User not found: {}", NO_USER),
    "context": Wording(400, "Invalid app context: {}", WRONG_PARAMETER),
    "condition": Wording(404, "Condition not found: {}", "Condition not found"),
    "experiment": Wording(
        404, "Experiment ID not provided for shared Decision Point in markExperimentPoint: {}", QUERY_FAILED
    ),
}
MISSING_IN_V5 = {"user": Wording(404, "Experiment User not found: {}", QUERY_FAILED)}


def wrong_body() -> Refused:
    return Refused(400, WRONG_BODY, name="BadRequestError", type=WRONG_PARAMETER)


def worded(error: errors.DomainError, *, version: int) -> Refused:
    """A refusal of the domain in UpGrade's words."""
    return next(word(error, version) for kind, word in _WORDS.items() if isinstance(error, kind))


def _missing(error: Any, version: int) -> Refused:
    wording = (MISSING_IN_V5 if version == 5 else {}).get(error.what) or MISSING.get(error.what)
    if wording is None:
        return Refused(404, str(error), type=QUERY_FAILED)
    return Refused(wording.status, wording.message.format(error.key), type=wording.type)


_WORDS: dict[type[errors.DomainError], Callable[[Any, int], Refused]] = {
    errors.NotFound: _missing,
    errors.Invalid: lambda error, _: Refused(400, str(error), name="BadRequestError", type=WRONG_PARAMETER),
    errors.Conflict: lambda error, _: Refused(400, str(error), type=QUERY_FAILED),
    errors.NotAllowed: lambda error, _: Refused(403, str(error), type=QUERY_FAILED),
    errors.Unavailable: lambda error, _: Refused(503, str(error), type=QUERY_FAILED),
    errors.DomainError: lambda error, _: Refused(400, str(error), type=QUERY_FAILED),
}


def answer(refused: Refused, *, path: str, body: Any) -> Answer:
    """The error body: `endPoint` is the path, `request` what was sent."""
    content = {
        "name": refused.name,
        "message": str(refused),
        "endPoint": path,
        "errorCode": refused.status,
        **({"type": refused.type} if refused.type else {}),
        "request": body,
    }
    return Answer(refused.status, _dumped(content))


def _dumped(content: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(content)
    except TypeError:  # a path with a lone surrogate, or a body nested too deep to be said again
        return json.dumps({**content, "request": None}).encode()


def no_such_route(*, method: str, path: str) -> Answer:
    """What the original says to an unknown path or verb: a page."""
    title = html.escape(f"Cannot {method} {path}").encode("utf-8", "replace")
    page = (
        b'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n'
        b"<pre>" + title + b"</pre>\n</body>\n</html>\n"
    )
    return Answer(404, page, content_type="text/html; charset=utf-8")
