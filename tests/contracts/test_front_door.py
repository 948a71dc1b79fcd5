"""What stands at no dialect's address: the bare one leads to the admin, any other is not there."""

import pytest
from django.test import Client


def test_the_bare_address_leads_to_the_admin() -> None:
    response = Client().get("/")

    assert response.status_code == 200
    assert b'href="/admin/"' in response.content


@pytest.mark.parametrize("verb", ["get", "post", "put", "delete", "options"])
@pytest.mark.parametrize("path", ["/nowhere", "/v2/decide", "/oauth", "/datafiles"])
def test_any_other_address_is_told_in_plain_text(verb: str, path: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), verb)(path)

    assert (response.status_code, response.content) == (404, b"404 page not found\n")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
