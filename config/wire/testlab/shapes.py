"""The shapes of bodies and answers, for the check of what comes in and for the API description alike."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema

Loose = int | float | str | bool
"""What this wire takes wherever one simple value is meant: `"3"` for 3, `"yes"` for true (testlab contract §2.2)."""


class Variant(msgspec.Struct):
    id: int
    value: str
    is_control: bool
    weight: str


class VariantOfFeature(msgspec.Struct):
    id: int
    feature_id: int
    value: str
    is_control: bool
    weight: str


class Feature(msgspec.Struct):
    id: int
    type_id: int
    name: str
    start_date: str
    end_date: str
    is_running: bool
    user_percentage: float
    description: str | None
    variant_arr: list[Variant]


class UserBlock(msgspec.Struct):
    id: int
    name: str
    feature_id: int | None


class CurrentFeatures(msgspec.Struct):
    experiments: list[Feature]
    toggles: list[Feature]
    rollouts: list[Feature]
    userblocks: list[UserBlock]


class User(msgspec.Struct):
    id: str
    variant_id: int
    ip_address: str
    time_stamp: str


def described(
    *,
    summary: str,
    answer: Any = str,
    body: type[msgspec.Struct] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Any:
    """The API description of one route; `parameters` are `{query parameter: what it does}`."""
    refusal = _schema(str)
    return extend_schema(
        tags=["Test Lab"],
        summary=summary,
        operation_id="_".join(re.findall(r"\w+", summary.lower())),
        request={"application/json": _schema(body)} if body else None,
        responses={(200, "application/json"): _schema(answer), (403, "application/json"): refusal},
        parameters=[OpenApiParameter(name, description=text) for name, text in (parameters or {}).items()],
    )


def _schema(shape: Any) -> dict[str, Any]:
    """The JSON schema of a shape with everything it refers to written out."""
    (schema,), components = msgspec.json.schema_components([shape], ref_template="{name}")
    resolved = _written_out(schema, components)
    assert isinstance(resolved, dict)
    return resolved


def _written_out(node: Any, components: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_written_out(child, components) for child in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _written_out(components[node["$ref"]], components)
    return {name: _written_out(child, components) for name, child in node.items()}
