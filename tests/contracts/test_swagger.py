"""`/swagger` shows every dialect's own description, with nothing fetched from elsewhere."""

import re

import pytest
from django.test import Client

from config.routes.swagger import DIALECTS


@pytest.mark.parametrize(
    ("address", "name"), [("/swagger", "UpGrade"), ("/docs", "Experiment API"), ("/redoc", "Experiment API")]
)
def test_a_description_is_a_page_that_needs_no_other_host(client: Client, address: str, name: str) -> None:
    page = client.get(address).content.decode()

    assert name in page
    assert not re.search(r"(?:src|href)=\"https?://", page)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_its_own_document(client: Client, dialect: str) -> None:
    document = client.get(f"/swagger/{dialect}.json").json()

    assert document["openapi"].startswith("3.")
    others = {"upgrade": "/api/v6/assign", "testlab": "/api/feature/current", "experiment_api": "/api/v1/services"}
    paths = document["paths"]
    assert ("/v1/decide" in paths) == (dialect == "agent")
    assert [key for key, path in others.items() if path in paths] == ([dialect] if dialect in others else [])


def test_the_experiment_api_is_described_where_its_clients_look(client: Client) -> None:
    document = client.get("/openapi.json").json()

    assert document["info"] == {
        "title": "Experiment API",
        "version": "1.0.0",
        "description": "API for managing experiment samples",
    }
    assert document == client.get("/swagger/experiment_api.json").json()


@pytest.mark.parametrize("address", ["/swagger", "/docs", "/redoc", "/openapi.json", "/swagger/testlab.json"])
@pytest.mark.parametrize("verb", ["POST", "OPTIONS", "DELETE"])
def test_a_description_is_only_to_be_read(client: Client, verb: str, address: str) -> None:
    response = client.generic(verb, address)

    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})
    assert response["Allow"] == "GET, HEAD"
