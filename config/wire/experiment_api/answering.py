"""What goes back: shapes as JSON, and how an error of the domain sounds in this dialect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

import orjson
import pydantic_core
from django.db import IntegrityError
from pydantic import BaseModel

from config.wire.experiment_api.faults import Fault, Faults, TooLarge, refused
from config.wire.experiment_api.reading import decoded
from config.wire.message import Answer, Handler, Request
from experiments.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable

JSON = "application/json"


class Streamed(Answer, frozen=True):
    """An answer too long to hold: its `parts` are made while they are sent."""

    parts: Iterable[bytes] = ()


def answer(value: BaseModel | Sequence[BaseModel], *, status: int = 200) -> Answer:
    return Answer(status, pydantic_core.to_json(value), JSON)


def answer_plain(value: object) -> Answer:
    """What is no shape but reads like one: mappings in a shape's key order, texts, instants, ids, an `array`."""
    return Answer(200, orjson.dumps(value, option=orjson.OPT_UTC_Z), JSON)


def array(rows: Iterable[Mapping[str, object]]) -> orjson.Fragment:
    """An array written row by row: ten thousand alive at once would cost more garbage collection than all the rest."""
    return orjson.Fragment(b"[" + b",".join(orjson.dumps(row, option=orjson.OPT_UTC_Z) for row in rows) + b"]")


def refusal(status: int, detail: str, *headers: tuple[str, str]) -> Answer:
    """An error outside validation: `{"detail": text}`."""
    return Answer(status, orjson.dumps({"detail": detail}), JSON, headers)


def faulty(details: Sequence[Fault]) -> Answer:
    """422 with every fault. Inputs that nest deeper than can be written again are left out."""
    try:
        return Answer(422, pydantic_core.to_json({"detail": details}), JSON)
    except (ValueError, RecursionError):
        bare = [{**fault, "input": None} for fault in details]
        return Answer(422, pydantic_core.to_json({"detail": bare}), JSON)


def speaks(handler: Handler) -> Handler:
    """Answer what the handler raises in this dialect's words."""

    @wraps(handler)
    def spoken(request: Request) -> Answer:
        try:
            return handler(request)
        except Faults as faults:
            return faulty(faults.details)
        except Invalid as error:
            return faulty([_refused(request, error)])
        except tuple(SOUNDS) as error:
            return next(sound(error) for kind, sound in SOUNDS.items() if isinstance(error, kind))

    return spoken


def _refused(request: Request, error: Invalid) -> Fault:
    """A broken rule, told at the key it is about; `error.field` is that key in the body."""
    sent = decoded(request)
    value = sent.get(error.field) if isinstance(sent, dict) and error.field else sent
    return refused(("body", error.field) if error.field else ("body",), str(error), value)


WORDS = {"project": "Service"}

SOUNDS: dict[type[Exception], Callable[[Any], Answer]] = {
    NotFound: lambda error: refusal(404, f"{WORDS.get(error.what, error.what.capitalize())} not found"),
    Conflict: lambda error: refusal(409, str(error)),
    NotAllowed: lambda error: refusal(409, str(error)),
    TooLarge: lambda error: refusal(413, "Request body too large"),
    IntegrityError: lambda error: refusal(409, "What this request builds upon was changed while it ran"),
    Unavailable: lambda error: refusal(503, str(error), ("Retry-After", str(error.retry_after))),
}
