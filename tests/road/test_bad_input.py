"""Rubbish sent to the real server: a clear refusal in the dialect's own shape, never a 500, and the server lives on."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.road.client import Reply
from tests.road.conftest import SDK_KEY, SERVICE, Road

pytestmark = pytest.mark.serial

ROUTES = {
    "agent": ("/v1/decide", {"X_Optimizely_SDK_Key": SDK_KEY}),
    "collector": ("/v1/events", {}),
    "upgrade": ("/api/v6/assign", {"User_Id": "ada"}),
    "testlab": ("/api/users", {}),
    "testlab, cold": ("/api/feature", {}),
    "experiment_api": (f"/api/v1/services/{SERVICE}/experiments", {}),
}
RUBBISH = {
    "malformed": b'{"userId": ',
    "deep": b'{"userId": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "wrong types": b'{"userId": {}, "id": [], "name": 5, "context": [], "visitors": "x", "variant_id": {}}',
    "NUL": b'{"userId": "a\\u0000", "id": "a\\u0000", "name": "a\\u0000", "context": "\\u0000", "user_id": "\\u0000"}',
    "lone surrogate": b'{"userId": "\\ud800", "id": "\\ud800", "name": "\\ud800", "context": "\\ud800"}',
    "no UTF-8": b"\xff\xfe\x00",
    "a scalar": b"7",
}


def _is_agents(reply: Reply) -> bool:
    return set(reply.json()) == {"error"}


def _is_upgrades(reply: Reply) -> bool:
    return {"name", "message", "endPoint", "errorCode"} <= set(reply.json())


def _is_test_labs(reply: Reply) -> bool:
    return reply.status == 413 or isinstance(reply.json(), str | dict)


def _is_experiment_apis(reply: Reply) -> bool:
    return set(reply.json()) == {"detail"}


SHAPES: dict[str, Callable[[Reply], bool]] = {
    "agent": _is_agents,
    "collector": _is_agents,
    "upgrade": _is_upgrades,
    "testlab": _is_test_labs,
    "testlab, cold": _is_test_labs,
    "experiment_api": _is_experiment_apis,
}


@pytest.mark.parametrize("rubbish", RUBBISH)
@pytest.mark.parametrize("dialect", ROUTES)
def test_rubbish_is_refused_in_the_dialects_own_shape(road: Road, dialect: str, rubbish: str) -> None:
    path, headers = ROUTES[dialect]

    reply = road.client.send("POST", path, RUBBISH[rubbish], Content_Type="application/json", **headers)

    refused = 400 <= reply.status < 500
    # Where the dialect reads a NUL or a surrogate as a mere unknown name it may answer, too.
    assert refused or (reply.status < 300 and rubbish in ("NUL", "lone surrogate", "wrong types")), reply
    assert not refused or SHAPES[dialect](reply), reply


@pytest.mark.parametrize("dialect", ROUTES)
def test_ten_megabytes_are_refused(road: Road, dialect: str) -> None:
    path, headers = ROUTES[dialect]
    body = b'{"userId": "' + b"a" * 10_000_000 + b'"}'

    reply = road.client.send("POST", path, body, Content_Type="application/json", **headers)

    assert reply.status == 413
    assert SHAPES[dialect](reply), reply


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n" * 20,
        b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nnot a chunk\r\n",
        b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_broken_http_is_answered_or_closed_and_the_server_lives_on(road: Road, sent: bytes) -> None:
    split = urlsplit(road.url)
    with socket.create_connection((split.hostname or "", split.port or 0), timeout=5) as raw:
        raw.settimeout(5)
        try:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            answer = raw.recv(4096)
        except OSError:
            answer = b""

    assert b" 500 " not in answer[:20]
    assert road.client.get("/health").status == 200
