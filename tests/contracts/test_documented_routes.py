"""Every verb and path of the four documents stands in its dialect's table."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.urls import Resolver404, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

DOCUMENTED = json.loads((Path(__file__).parent / "documented_routes.json").read_text())
ROUTES = [(dialect, verb, path) for dialect, routes in DOCUMENTED.items() for verb, path in routes]
ROOT = RegexPattern(r"^/")
SAMPLE_UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def test_the_documents_name_sixty_two_routes() -> None:
    assert len(ROUTES) == 62


@pytest.mark.parametrize(("dialect", "verb", "path"), ROUTES)
def test_documented_route_is_in_the_table_of_its_dialect(dialect: str, verb: str, path: str) -> None:
    resolver = URLResolver(ROOT, import_module(f"config.routes.{dialect}"))

    match = resolver.resolve(_example(path))

    assert verb.lower() in getattr(match.func, "actions", {}), f"{verb} {path} leads to {match.func}"


@pytest.mark.parametrize(("dialect", "verb", "path"), ROUTES)
def test_documented_route_reaches_its_own_dialect_through_the_front_door(dialect: str, verb: str, path: str) -> None:
    own = URLResolver(ROOT, import_module(f"config.routes.{dialect}")).resolve(_example(path))

    match = get_resolver().resolve(_example(path))

    assert getattr(match.func, "cls", None) is getattr(own.func, "cls", match)


def _example(path: str) -> str:
    path = re.sub(r"\{\w+_id\}", SAMPLE_UUID, path)
    return path.replace(":id", "17").replace(":name", "20")


def test_an_undocumented_path_is_not_in_the_table() -> None:
    with pytest.raises(Resolver404):
        URLResolver(ROOT, import_module("config.routes.agent")).resolve("/nowhere")
