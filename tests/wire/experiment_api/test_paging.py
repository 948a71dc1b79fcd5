"""Lists are arrays; `limit` or `page_token` in the query asks for the envelope."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def _services(name: str) -> str:
    api.service(name=name)
    return "/api/v1/services"


def _experiments() -> Callable[[str], str]:
    service = api.service()

    def make(name: str) -> str:
        api.experiment(of=service, name=name)
        return f"/api/v1/services/{service['id']}/experiments"

    return make


def _criteria() -> Callable[[str], str]:
    experiment = api.experiment()

    def make(name: str) -> str:
        api.criterion(experiment, api.condition(value=name))
        return f"/api/v1/experiments/{experiment['id']}/criteria"

    return make


LISTS = {"services": lambda: _services, "experiments": _experiments, "criterions": _criteria}


@pytest.mark.parametrize("name", LISTS)
def test_nine_rows_are_three_pages_of_three(name: str) -> None:
    make = LISTS[name]()
    path = [make(f"row{number}") for number in range(9)][-1]

    pages: list[dict[str, Any]] = [api.read(api.get(f"{path}?limit=3"))]
    while pages[-1]["next_page_token"]:
        pages.append(api.read(api.get(f"{path}?limit=3&page_token={pages[-1]['next_page_token']}")))

    assert [list(page) for page in pages] == [[name, "next_page_token"]] * 3
    assert [row for page in pages for row in page[name]] == api.read(api.get(path))


def test_an_empty_page_token_asks_for_the_first_page_of_ten() -> None:
    for number in range(11):
        api.service(name=f"row{number}")

    page = api.read(api.get("/api/v1/services?page_token="))

    assert len(page["services"]) == 10
    assert page["next_page_token"]


def test_active_only_holds_on_every_page() -> None:
    for number in range(6):
        api.service(name=f"row{number}", active=number % 2)

    first = api.read(api.get("/api/v1/services?limit=2&active_only=true"))
    second = api.read(api.get(f"/api/v1/services?limit=2&active_only=true&page_token={first['next_page_token']}"))

    assert [row["name"] for row in first["services"] + second["services"]] == ["row1", "row3", "row5"]
    assert second["next_page_token"] is None


NOBODYS = [
    *("nonsense", "%00", "MjAyNg==", "MjAyNi0wMS0wMVQwMDowMDowMCA1", "ð"),
    *("MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSAx", "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzo1OSAx"),  # before and after all years
]


@pytest.mark.parametrize("token", NOBODYS)
def test_a_token_of_nobody_is_a_fault(token: str) -> None:
    [fault] = api.faults(api.get(f"/api/v1/services?page_token={token}"))

    assert (fault["loc"], fault["type"]) == (["query", "page_token"], "page_token")
