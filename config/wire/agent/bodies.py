"""Request bodies as Go's decoder reads them: one JSON value, field names in any case, null as the zero value.

A route declares a `msgspec.Struct` whose every field is optional; a wrong type anywhere refuses the whole body.
"""

from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
import orjson

from config.wire.agent.answers import Refused
from config.wire.message import Request
from experiments import shapes

Shape = TypeVar("Shape", bound=msgspec.Struct)

PARSE_ERROR = "error parsing request body"
SURELY_SHALLOW = 200
# So many levels deeper may a part of a body stand in what is stored, or told to others, of it.
WRAPPINGS = 16
DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
MANY_DIGITS = b"0" * 17


def read(request: Request, shape: type[Shape]) -> Shape:
    """The body as `shape`; an empty body and `null` are all zero values. Raises Refused (400)."""
    value = request.document
    if value is None and request.body:
        if _is_everyday(request.body):
            try:
                return _decoder(shape).decode(request.body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass  # field names in another case, null, or a fault: the patient way tells
        value = document(request.body)
    if value is None:
        return shape()
    try:
        return shapes.convert(_exact(value, shape), shape)
    except (ValueError, RecursionError) as fault:
        raise Refused(400, PARSE_ERROR) from fault


def document(body: bytes) -> object:
    """The one JSON value of a body, nested no deeper than what can be written again. Raises Refused (400)."""
    try:
        value: object = orjson.loads(body)
        if not _is_shallow(body):
            orjson.dumps(reduce(lambda inner, _: [inner], range(WRAPPINGS), value))
    except (ValueError, TypeError, RecursionError) as fault:
        raise Refused(400, PARSE_ERROR) from fault
    return value


def _is_shallow(body: bytes) -> bool:
    return len(body) <= 2 * SURELY_SHALLOW or body.count(b"{") + body.count(b"[") <= SURELY_SHALLOW


def _is_everyday(body: bytes) -> bool:
    """Neither deep nor with numbers of so many digits that decoders read them differently."""
    return MANY_DIGITS not in body.translate(DIGITS_AS_ZEROS) and _is_shallow(body)


@lru_cache(maxsize=64)
def _decoder(shape: type[Shape]) -> "msgspec.json.Decoder[Shape]":
    """Reads in one step what is spelled exactly as the shape spells it, and nothing else."""
    exact: type[Shape] = _exactly(shape)
    return shapes.decoder(exact)


def _exactly(hint: Any) -> Any:
    """The same type, in which structs know no other fields than theirs."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = [(each.encode_name, _exactly(each.type), each.default) for each in msgspec.structs.fields(hint)]
        return msgspec.defstruct(hint.__name__, fields, bases=(hint,), forbid_unknown_fields=True)
    parts = tuple(_exactly(part) for part in get_args(hint))
    if not parts:
        return hint
    origin = get_origin(hint)
    return reduce(or_, parts) if origin in (Union, UnionType) else origin[parts]


def _exact(value: Any, shape: type[msgspec.Struct]) -> Any:
    """Objects with their field names spelled as the shape spells them; what is spelled so already is not copied."""
    names, nested = _fields(shape)
    if not isinstance(value, dict):
        return value
    if not value.keys() <= names.keys():
        value = {names.get(key) or names.get(key.lower(), key): item for key, item in value.items()}
    for name, inner in nested:
        if value.get(name):
            value = {**value, name: _exact_each(value[name], inner)}
    return value


def _exact_each(value: Any, shape: type[msgspec.Struct]) -> Any:
    return [_exact(item, shape) for item in value] if isinstance(value, list) else _exact(value, shape)


@lru_cache(maxsize=64)
def _fields(shape: type[msgspec.Struct]) -> tuple[dict[str, str], tuple[tuple[str, type[msgspec.Struct]], ...]]:
    """Wire names, exact and lower-case, to the exact one; and the fields that hold other shapes."""
    fields = msgspec.structs.fields(shape)
    names = {field.encode_name.lower(): field.encode_name for field in fields}
    names |= {field.encode_name: field.encode_name for field in fields}
    nested = [(field.encode_name, _shape_in(msgspec.inspect.type_info(field.type))) for field in fields]
    return names, tuple((name, inner) for name, inner in nested if inner is not None)


def _shape_in(info: msgspec.inspect.Type) -> type[msgspec.Struct] | None:
    """The struct a field holds, alone, in a list or beside null."""
    if isinstance(info, msgspec.inspect.StructType):
        return info.cls
    if isinstance(info, msgspec.inspect.ListType):
        return _shape_in(info.item_type)
    if isinstance(info, msgspec.inspect.UnionType):
        return next(filter(None, map(_shape_in, info.types)), None)
    return None
