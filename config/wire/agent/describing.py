"""From the declared shape of a route to its description in the API document. Nothing here answers a request."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema

from config.wire.door import action
from config.wire.message import Handler

Schema = dict[str, Any]

LEFT_OUT = {"$defs", "default", "required"}
KEY = OpenApiParameter("X-Optimizely-SDK-Key", str, OpenApiParameter.HEADER, required=True)


def described(
    handler: Handler,
    *,
    takes: type[msgspec.Struct] | None = None,
    query: Sequence[str] = (),
    gives: Schema | None = None,
    keyed: bool = True,
) -> Callable[..., HttpResponse]:
    """A viewset method for `handler` with its OpenAPI operation. `query` names may be repeated in a request."""
    parameters = [OpenApiParameter(name, str, OpenApiParameter.QUERY, many=True) for name in query]
    describe: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]] = extend_schema(
        parameters=[*([KEY] if keyed else []), *parameters],
        request=None if takes is None else {"application/json": schema_of(takes)},
        responses={(200, "application/json"): gives or {"type": "object"}},
        description=handler.__doc__,
    )
    return describe(action(handler))


def schema_of(shape: type[msgspec.Struct]) -> Schema:
    """The shape as an OpenAPI 3.0 schema without references."""
    schema = msgspec.json.schema(shape)
    inlined: Schema = _inlined(schema, schema.get("$defs", {}))
    return inlined


def _inlined(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in node:
        return _nullable([each for each in node["anyOf"] if each != {"type": "null"}], definitions)
    return {
        key: _inlined(value, definitions) for key, value in node.items() if key not in ("$defs", "default", "required")
    }


def _nullable(choices: list[Schema], definitions: Schema) -> Schema:
    """What msgspec writes as a choice with null is an attribute of the other choices in OpenAPI 3.0."""
    inlined = [_inlined(each, definitions) for each in choices]
    return {**(inlined[0] if len(inlined) == 1 else {"oneOf": inlined}), "nullable": True}
