"""The lane and Django answer alike: same status, body and headers for every hot route, good input and bad."""

import io
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command

from config import lane
from config.routes.hot import HOT
from decisions import snapshots
from tests import builders
from users.models import ExperimentUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connections_stay_open")]

DATA = Path(__file__).parent / "data"
VECTORS = [json.loads(line) for line in (DATA / "decide_vectors.jsonl").read_text().splitlines()]
KEYS = {
    "datafile_rich.json": "RICHKEY1",
    "datafile_holdouts.json": "HOLDKEY1",
    "datafile_legacy.json": "LEGACYKEY1",
    "datafile_edge_agent_only.json": "EDGEKEY1",
}
VOLATILE = {"x-request-id", "content-length", "x-frame-options", "referrer-policy", "cross-origin-opener-policy"}


class Seen(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _ask(application: Callable[..., Iterable[bytes]], method: str, target: str, body: bytes, **headers: str) -> Seen:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    } | headers
    started: list[tuple[str, list[tuple[str, str]]]] = []
    answer = application(environ, lambda status, sent, exc=None: started.append((status, sent)))
    content = b"".join(answer)
    status, sent = started[0]
    kept = sorted((name.lower(), value) for name, value in sent if name.lower() not in VOLATILE)
    return Seen(int(status[:3]), [pair for pair in kept if pair != ("x-content-type-options", "nosniff")], content)


def _both(method: str, target: str, body: bytes, **headers: str) -> tuple[Seen, Seen]:
    fast = lane.Lane(_refuse, HOT)
    return _ask(fast, method, target, body, **headers), _ask(_django(), method, target, body, **headers)


@lru_cache
def _django() -> WSGIHandler:
    return WSGIHandler()


def _refuse(environ: dict[str, Any], start_response: object) -> Iterable[bytes]:
    raise AssertionError(f"{environ['PATH_INFO']} is not in the lane")


def _normalised(seen: Seen) -> Seen:
    """Instants made at answering differ between two calls; nothing else may."""
    if seen.body[:1] != b"{" or b"startedAt" not in seen.body:
        return seen
    document = json.loads(seen.body)
    for item in [document, *document.get("response", [])]:
        for name in ("startedAt", "endedAt", "requestID"):
            item.pop(name, None)
    return seen._replace(body=json.dumps(document).encode())


@pytest.fixture
def one_project() -> None:
    call_command("import_datafile", str(DATA / "datafile_holdouts.json"), "--sdk-key", "HOLDKEY1", verbosity=0)


@pytest.fixture
def mirrored() -> None:
    for name, key in KEYS.items():
        call_command("import_datafile", str(DATA / name), "--sdk-key", key, verbosity=0)
    snapshots.refresh()


def test_every_decide_vector_is_answered_alike(mirrored: None) -> None:
    asked = [row for row in VECTORS if row["datafile"] in KEYS]

    for row in asked:
        fast, django = _both(
            "POST",
            "/v1/decide" + row["query"],
            json.dumps(row["request"]).encode(),
            HTTP_X_OPTIMIZELY_SDK_KEY=row["sdkKey"],
        )
        assert fast == django, row["tag"]

    assert len(asked) > 200


BAD_BODIES = {
    "nothing": b"",
    "half a body": b'{"userId": "u',
    "no object": b"[1, 2]",
    "null": b"null",
    "wrong types": b'{"userId": 7, "userAttributes": "x", "id": [], "variant_id": "x", "context": 5, "data": []}',
    "too deep": b"[" * 5000 + b"]" * 5000,
    "NUL": b'{"userId": "a\\u0000b", "id": "a\\u0000", "context": "home", "user_id": "a\\u0000", "variant_id": 1}',
    "lone surrogate": b'{"userId": "\\ud800", "id": "\\ud800", "context": "\\ud800"}',
    "no UTF-8": b'{"userId": "\xff\xfe"}',
    "unknown ids": b'{"userId": "ada", "id": "1", "user_id": "1", "variant_id": 99999999, "context": "nowhere"}',
}


@pytest.mark.parametrize("wrong", BAD_BODIES)
@pytest.mark.parametrize(("method", "path"), sorted(HOT))
def test_bad_input_is_refused_alike_and_never_breaks(one_project: None, method: str, path: str, wrong: str) -> None:
    fast, django = _both(method, path, BAD_BODIES[wrong], HTTP_X_OPTIMIZELY_SDK_KEY="HOLDKEY1", HTTP_USER_ID="nobody")

    assert _normalised(fast) == _normalised(django)
    assert fast.status < 500


@pytest.mark.parametrize(("method", "path"), sorted(HOT))
def test_a_body_above_the_limit_is_refused_alike(one_project: None, settings: Any, method: str, path: str) -> None:
    settings.MAX_BODY_BYTES = 100
    headers = {"HTTP_X_OPTIMIZELY_SDK_KEY": "HOLDKEY1", "HTTP_USER_ID": "ada"}

    fast, django = _both(method, path, b'{"userId": "' + b"a" * 200 + b'"}', **headers)

    assert fast == django
    assert fast.status == 413 or method == "GET"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_X_OPTIMIZELY_SDK_KEY": "no-such-key"},
        {"HTTP_X_OPTIMIZELY_SDK_KEY": "unknown"},
        {"HTTP_X_OPTIMIZELY_SDK_KEY": "HOLDKEY1", "CONTENT_TYPE": "text/plain"},
        {"HTTP_X_OPTIMIZELY_SDK_KEY": "HOLDKEY1", "HTTP_ORIGIN": "https://shop.example.org"},
        {"HTTP_USER_ID": "ada", "HTTP_ORIGIN": "https://shop.example.org"},
        {"HTTP_IF_MODIFIED_SINCE": "Sat, 21 Nov 2026 10:00:00 GMT"},
    ],
)
@pytest.mark.parametrize(("method", "path"), sorted(HOT))
def test_keys_types_and_origins_are_examined_alike(
    one_project: None, method: str, path: str, headers: dict[str, str]
) -> None:
    fast, django = _both(method, path, b'{"userId": "ada", "context": "home"}', **headers)

    assert _normalised(fast) == _normalised(django)


def test_a_known_learner_is_assigned_alike() -> None:
    builders.running(project=builders.project(), points=[("lesson", "hint")])
    ExperimentUser.objects.create(external_id="ada")

    fast, django = _both("POST", "/api/v6/assign", b'{"context": "home"}', HTTP_USER_ID="ada")

    assert fast == django
    assert fast.status == 200 and json.loads(fast.body)[0]["site"] == "lesson"


@pytest.mark.parametrize(("method", "path"), sorted(HOT))
@pytest.mark.parametrize("host", ["ours.example", "theirs.example", ""])
def test_hosts_are_examined_alike(one_project: None, settings: Any, method: str, path: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["ours.example"]
    told = {"HTTP_HOST": host, "HTTP_X_OPTIMIZELY_SDK_KEY": "HOLDKEY1", "HTTP_USER_ID": "nobody"}

    fast = _ask(lane.Lane(_django(), HOT), method, path, b"{", **told)
    django = _ask(_django(), method, path, b"{", **told)

    assert _normalised(fast) == _normalised(django)
