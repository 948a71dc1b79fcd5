"""`/swagger` shows every dialect's own description, with nothing fetched from elsewhere."""

import re

import pytest
from django.test import Client

from config.routes.swagger import DIALECTS


def test_swagger_is_a_page_that_needs_no_other_host(client: Client) -> None:
    page = client.get("/swagger").content.decode()

    assert "UpGrade" in page and "Test Lab" in page
    assert not re.search(r"(?:src|href)=\"https?://", page)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_its_own_document(client: Client, dialect: str) -> None:
    document = client.get(f"/swagger/{dialect}.json").json()

    assert document["openapi"].startswith("3.")
    others = {"upgrade": "/api/v6/assign", "testlab": "/api/feature/current", "experiment_api": "/api/v1/services"}
    paths = document["paths"]
    assert ("/v1/decide" in paths) == (dialect == "agent")
    assert [key for key, path in others.items() if path in paths] == ([dialect] if dialect in others else [])
