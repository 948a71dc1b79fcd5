"""Tokens and keys are for the host they were meant for, wherever it sends us on."""

from collections.abc import Callable

import pytest

from decisions.upstream import fetching
from events import outgoing
from tests.wire.agent.hosting import Host, Said, hosting


def _fetch(url: str) -> object:
    return fetching.fetch(url, access_token="secret", last_modified="Thu, 01 Jan 2026 00:00:00 GMT")


def _post(url: str) -> object:
    return outgoing.post(url, {}, seconds=5, headers={"x-api-key": "secret", "X-Of-The-Owner": "secret"})


def _secrets(host: Host) -> list[str]:
    return [name for name, value in host.asked[-1].headers.items() if "secret" in value]


@pytest.mark.parametrize("ask", [_fetch, _post])
def test_another_host_is_told_no_secret(ask: Callable[[str], object]) -> None:
    with hosting(lambda asked: Said(200, b"{}")) as other, hosting(lambda asked: Said()) as first:
        first.answer = lambda asked: Said(302, headers={"Location": f"{other.url}/there"})

        ask(f"{first.url}/here")

        assert _secrets(first)
        assert (other.asked[-1].path, _secrets(other)) == ("/there", [])


@pytest.mark.parametrize("ask", [_fetch, _post])
def test_the_same_host_is_told_again(ask: Callable[[str], object]) -> None:
    with hosting(lambda asked: Said(200, b"{}")) as host:
        host.answer = lambda asked: (
            Said(200, b"{}") if asked.path == "/there" else Said(302, headers={"Location": "/there"})
        )

        ask(f"{host.url}/here")

        assert (host.asked[-1].path, len(_secrets(host)) > 0) == ("/there", True)
