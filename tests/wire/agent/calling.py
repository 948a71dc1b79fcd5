"""A client of the Agent dialect over Django's test client, and mirrored projects made of the contract's datafiles."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import Client

from decisions.upstream import mirroring
from experiments.models import Project

DATA = Path(__file__).parents[2] / "contracts" / "data"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Agent:
    """Posts JSON with an SDK key, as the Agent's clients do. `headers` go with every call."""

    sdk_key: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, None, headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return self.call("POST", path, body, headers)

    def call(self, method: str, path: str, body: object, headers: dict[str, str]) -> Reply:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {"X-Optimizely-SDK-Key": self.sdk_key} if self.sdk_key else {}
        sent |= self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = sent.pop("Content-Type", "")
        data = body if isinstance(body, str | bytes) else b"" if body is None else json.dumps(body)
        # Without a body the test client drops the content type unless it is told twice.
        told: Any = {"CONTENT_TYPE": content_type} if content_type else {}
        response = Client().generic(method, path, data, content_type=content_type, headers=sent, **told)
        return Reply(response.status_code, response.content.decode(), dict(response.headers))


def mirrored(name: str, sdk_key: str, **fields: Any) -> Project:
    """A project that mirrors one of the contract's datafiles."""
    return mirroring.take_in(body=(DATA / name).read_bytes(), sdk_key=sdk_key, now=NOW, is_strict=False, **fields)
