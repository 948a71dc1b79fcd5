"""This dialect's OpenAPI, from the shapes that check the requests: component names and operation ids as documented."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from config.wire.experiment_api.shapes import HTTPError, HTTPValidationError, Shape

REFERENCE = "#/components/schemas/{model}"

Direction = Literal["request", "response"]
Place = Literal["path", "query"]
View = Callable[..., Any]
Kind = type[Shape]


class ShapeExtension(OpenApiSerializerExtension):
    """Lets a shape stand wherever drf-spectacular expects a serializer."""

    target_class = Shape
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return name_of(self.target)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        mode = "validation" if direction == "request" else "serialization"
        schema = self.target.model_json_schema(ref_template=REFERENCE, mode=mode)
        for name in schema.pop("$defs", {}):
            auto_schema.resolve_serializer(cast(Any, _shapes()[name]), direction)
        return schema


def _shapes(base: Kind = Shape) -> dict[str, Kind]:
    """Every shape there is, by the name pydantic refers to it."""
    below = {name: found for each in base.__subclasses__() for name, found in _shapes(each).items()}
    return {base.__name__: base, **below}


def name_of(shape: Kind) -> str:
    return shape.model_config.get("title") or shape.__name__


class ExperimentApiSchema(AutoSchema):
    """Operation ids as the document's generator makes them: handler, path and verb."""

    def get_operation_id(self) -> str:
        handler = getattr(self.view, getattr(self.view, "action", "")).__name__
        return re.sub(r"\W", "_", f"{handler}{self.path}") + f"_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        return ["Experiment API"]

    def get_auth(self) -> list[dict[str, Any]]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False


def described(
    view: View,
    *,
    answers: Kind | list[Kind] | None = None,
    status: int = 200,
    path: Kind | None = None,
    query: Kind | None = None,
    body: Kind | None = None,
    optional_body: Kind | None = None,
    page: str = "",
    misses: str = "",
    texts: Sequence[str] = (),
) -> View:
    """The view with what it reads and answers told to OpenAPI. `answers=[Shape]` is an array of it; `page` names the
    envelope's key where paging is offered; `misses` is what a 404 says is not found; `texts` are the content types of
    answers that are no JSON."""
    responses: dict[Any, Any] = {(status, kind): OpenApiResponse(str, "Successful Response") for kind in texts}
    if answers is not None:
        responses[status] = OpenApiResponse(_answered(answers, page), "Successful Response")
    sent = body or optional_body
    if path or query or sent:
        responses[422] = OpenApiResponse(HTTPValidationError, "Validation Error")
    if misses:
        responses[404] = OpenApiResponse(HTTPError, f"{misses} not found")
    summary, _, description = (view.__doc__ or "").partition("\n\n")
    decorate = extend_schema(
        summary=summary,
        description=" ".join(description.split()),
        parameters=[*_parameters(path, "path"), *_parameters(query, "query")],
        request={"application/json": sent} if sent else None,
        responses=responses,
    )
    described_view: View = decorate(view)
    return described_view


def _answered(answers: Kind | list[Kind], page: str) -> Any:
    if not isinstance(answers, list):
        return answers
    array = {"type": "array", "items": {"$ref": REFERENCE.format(model=name_of(answers[0]))}}
    return {"oneOf": [array, _envelope(array, page)]} if page else array


def _envelope(array: Mapping[str, Any], page: str) -> dict[str, Any]:
    token = {"type": ["string", "null"]}
    return {
        "type": "object",
        "required": [page, "next_page_token"],
        "properties": {page: array, "next_page_token": token},
    }


def _parameters(shape: Kind | None, place: Place) -> list[OpenApiParameter]:
    if shape is None:
        return []
    schema = shape.model_json_schema()
    asked = set(schema.get("required", []))
    return [_parameter(name, field, place, name in asked) for name, field in schema["properties"].items()]


def _parameter(name: str, field: Mapping[str, Any], place: Place, required: bool) -> OpenApiParameter:
    """A parameter cannot be null on the wire, it can only be left out."""
    schema = {key: value for key, value in field.items() if key not in ("description", "anyOf")}
    kinds = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
    if schema.get("default", "") is None:
        del schema["default"]
    return OpenApiParameter(name, schema, place, required=required, description=field.get("description", ""))
