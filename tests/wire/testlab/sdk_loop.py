"""What the Ruby and Python SDKs of Test Lab do (testlab contract §3.1, §3.2), re-stated over a plain HTTP client."""

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

DATES = "%Y-%m-%dT%H:%M:%S.%fZ"


def ruby_hash(text: str) -> float:
    hashed = 0
    for sign in text:
        hashed = (31 * hashed + ord(sign)) & 0xFFFFFFFF
    return hashed / 0x100000000


def python_hash(text: str) -> float:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) / (2**256 - 1)


class Sdk:
    """One client process. `polled` are the statuses of its polls."""

    def __init__(self, server: str, family: str, interval: float = 2.0) -> None:
        self.http = httpx.Client(base_url=server)
        self.hash: Callable[[str], float] = {"ruby": ruby_hash, "python": python_hash}[family]
        self.family, self.interval = family, interval
        self.features: dict[str, Any] = {}
        self.polled: list[int] = []
        self.poll({})

    def poll_again(self) -> None:
        """As the SDKs do: what changed since "now minus my interval", cut to the second."""
        since = datetime.now(UTC) - timedelta(seconds=self.interval)
        self.poll({"If-Modified-Since": format_datetime(since.replace(microsecond=0), usegmt=True)})

    def poll(self, headers: dict[str, str]) -> None:
        answer = self.http.get("/api/feature/current", headers=headers)
        self.polled.append(answer.status_code)
        if answer.status_code == 200:
            self.features = answer.json()

    def value_of(self, name: str, user: str) -> Any:
        rows = [*self.features["experiments"], *self.features["toggles"], *self.features["rollouts"]]
        found = next((row for row in rows if row["name"] == name), None)
        if found is None or not found["is_running"] or not self._is_on(found):
            return False
        if found["type_id"] == 2:
            return self.hash(user + name) < found["user_percentage"]
        return self._variant_of(found, user) if found["type_id"] == 3 else False

    def _is_on(self, found: dict[str, Any]) -> bool:
        start, end = (datetime.strptime(found[name], DATES) for name in ("start_date", "end_date"))
        return start <= datetime.now(UTC).replace(tzinfo=None) <= end

    def _variant_of(self, found: dict[str, Any], user: str) -> Any:
        value = self.hash(user)
        block = math.floor(value * 20) + 1 if self.family == "python" else math.ceil(value * 20)
        owner = {row["id"]: row["feature_id"] for row in self.features["userblocks"]}.get(block)
        bound = (block - 1) / 20
        for variant in found["variant_arr"] if owner == found["id"] else ():
            bound += float(variant["weight"]) / 20
            if bound >= value:
                self._record(user, variant["id"])
                return {"id": variant["id"], "value": variant["value"]}
        return False

    def _record(self, user: str, variant_id: int) -> None:
        rows = self.http.get("/api/users").json()
        if not any(row["id"] == user and row["variant_id"] == variant_id for row in rows):
            self._post("/api/users", {"id": user, "variant_id": variant_id, "ip_address": "127.0.0.1"})
        self._post("/api/events", {"user_id": user, "variant_id": variant_id})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self.http.post(path, json=body).raise_for_status()
