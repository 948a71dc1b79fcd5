"""The viewset side of UpGrade's routes: preflights, unknown verbs, and what OpenAPI is told."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as DrfRequest

from config.wire import door
from config.wire.message import Answer, Request
from config.wire.upgrade import cors, errors, grammar

USER_ID = OpenApiParameter(
    "User-Id", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Who is asked about (v6; v5 says so in the body)."
)


class UpgradeDoor(door.Door):
    """Base of UpGrade's viewsets. Nothing is negotiated: every handler reads and writes what the contract says."""

    def initial(self, request: DrfRequest, *args: Any, **kwargs: Any) -> None:
        return None

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.through(request, preflight)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.through(request, nowhere)


def preflight(request: Request) -> Answer:
    try:
        cors.check(request)
    except errors.Refused as refused:
        return grammar.dressed(errors.answer(refused, path=request.path, body={}), request)
    return cors.preflight(request)


def nowhere(request: Request) -> Answer:
    return grammar.dressed(errors.no_such_route(method=request.method, path=request.path), request)


class Nowhere(UpgradeDoor):
    """Every path below `/api/v5` and `/api/v6` that is no route."""

    @extend_schema(exclude=True)
    def answer(self, request: DrfRequest, **params: Any) -> HttpResponse:
        return self.through(request, nowhere)


def described(route: grammar.Route[Any]) -> Callable[..., HttpResponse]:
    """A viewset method for a route, with its declared shapes in the API description."""
    described_by = extend_schema(
        parameters=[] if route.bare else [USER_ID],
        request={"application/json": _asked(route)},
        responses={200: schema(route.said)},
        tags=["UpGrade"],
    )
    method = door.action(route)
    method.__name__, method.__doc__ = route.verb.__name__, route.verb.__doc__
    return described_by(method)


def _asked(route: grammar.Route[Any]) -> dict[str, Any]:
    asked = schema(route.body_in_v6)
    if route.bare or asked.get("type") != "object":
        return asked
    user = {"type": "string", "minLength": 1, "description": "Who is asked about (v5; v6 says so in a header)."}
    asked.pop("additionalProperties", None)
    return {**asked, "properties": {route.user_key: user, **asked.get("properties", {})}}


def schema(shape: Any) -> dict[str, Any]:
    """The JSON schema of a declared shape, without references."""
    (found,), components = msgspec.json.schema_components([shape], ref_template="{name}")
    whole = _resolved(found, components)
    assert isinstance(whole, dict)
    return whole


NULL = {"type": "null"}


def _nullable(choices: list[Any]) -> dict[str, Any]:
    """OpenAPI 3.0 has no type null."""
    return {**choices[0], "nullable": True} if len(choices) == 1 else {"anyOf": choices, "nullable": True}


def _resolved(node: Any, components: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(components[node["$ref"]], components)
        if NULL in node.get("anyOf", ()):
            return _nullable([_resolved(each, components) for each in node["anyOf"] if each != NULL])
        return {key: _resolved(value, components) for key, value in node.items() if key != "title" and value != []}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_resolved(each, components) for each in node]
    return node
