"""From a request to checked values. Every fault of path, query and body is told in one answer (contract §1.2).

with reading(request) as read:
    at = read.path(OfService)
    body = read.body(ServiceCreate)
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from functools import lru_cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from config.wire.experiment_api.faults import Fault, Faults, TooLarge, json_invalid, missing
from config.wire.message import Request

S = TypeVar("S", bound=BaseModel)
T = TypeVar("T")


class Reader:
    """Reads the parts of one request and gathers their faults; a faulty part reads as None."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.faults: list[Fault] = []

    def path(self, shape: type[S]) -> S:
        return self._checked(shape, dict(self.request.params), "path")

    def query(self, shape: type[S]) -> S:
        """The last value of each declared parameter."""
        given = {name: self.request.values(name) for name in shape.model_fields}
        return self._checked(shape, {name: values[-1] for name, values in given.items() if values}, "query")

    def body(self, shape: type[S]) -> S:
        sent = decoded(self.request)
        if sent is None:
            self.faults.append(missing(("body",), None))
            return cast(S, None)
        return self._checked(shape, sent, "body")

    def optional_body(self, shape: type[S]) -> S:
        """A body that may be left out."""
        sent = decoded(self.request)
        return shape.model_construct() if sent is None else self._checked(shape, sent, "body")

    def parts(self, shape: type[S]) -> S:
        """A body whose keys are read one by one: a missing or null one is missing and echoes null (contract §1.2)."""
        sent = decoded(self.request)
        given = sent if isinstance(sent, Mapping) else {}
        values = {
            name: self._part(name, field.annotation, given.get(name)) for name, field in shape.model_fields.items()
        }
        return shape.model_construct(**values)

    def _part(self, name: str, annotation: Any, value: object) -> Any:
        if value is None:
            self.faults.append(missing(("body", name), None))
            return None
        return self._checked(annotation, value, "body", name)

    def _checked(self, kind: type[T], value: object, *place: str) -> T:
        try:
            checked: T = _adapter(cast(Any, kind)).validate_python(value, from_attributes=True)
            return checked
        except ValidationError as error:
            found = error.errors(include_url=False)
        self.faults += [{**fault, "loc": (*place, *fault["loc"])} for fault in found]
        return cast(T, None)


@contextmanager
def reading(request: Request) -> Iterator[Reader]:
    """Read parts of a request in the block; raises Faults at its end if any part was faulty, TooLarge at its start."""
    if request.oversized:
        raise TooLarge
    reader = Reader(request)
    yield reader
    if reader.faults:
        raise Faults(reader.faults)


@lru_cache(maxsize=128)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def decoded(request: Request) -> Any:
    """The body as a JSON value, None without one, a text when it does not claim to be JSON. Raises Faults."""
    if not request.body:
        return None
    if not _claims_json(request.header("content-type")):
        return request.body.decode("utf-8", "replace")
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Faults([json_invalid(*_first_offence(request.body, error))]) from None


def _claims_json(content_type: str) -> bool:
    if not content_type:
        return True
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _first_offence(body: bytes, error: orjson.JSONDecodeError) -> tuple[int, str]:
    """Where and why, in the words of Python's own parser; those of orjson for what only orjson refuses."""
    try:
        json.loads(body)
    except json.JSONDecodeError as precise:
        return precise.pos, precise.msg
    except (ValueError, RecursionError):  # no UTF-8, a number of thousands of digits, too deep a nest
        pass
    return error.pos, error.msg
