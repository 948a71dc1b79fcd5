"""A client of UpGrade's API as its libraries speak it: v6 with a header, v5 with the id in the body."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client


@dataclass
class School:
    """Sends what the libraries send. `version` 5 puts the user's id into the body."""

    client: Client
    version: int = 6

    def send(self, verb: str, route: str, user: str | None, body: Any = None, *, user_key: str = "userId") -> Any:
        headers = {}
        if self.version == 6 and user is not None:
            headers["User-Id"] = user
        if self.version == 5 and user is not None:
            body = {**(body or {}), user_key: user}
        return self.client.generic(
            verb,
            f"/api/v{self.version}/{route}",
            data=body if isinstance(body, bytes) else _dumped(body),
            content_type="application/json",
            headers=headers,
        )

    def init(self, user: str, **body: Any) -> Any:
        return self.send("POST", "init", user, body, user_key="id")

    def assign(self, user: str, context: str = "home") -> list[dict[str, Any]]:
        response = self.send("POST", "assign", user, {"context": context})
        assert response.status_code == 200, response.content
        items: list[dict[str, Any]] = response.json()
        return items

    def codes(self, user: str, context: str = "home") -> dict[tuple[str, str | None], str]:
        """What a person is given, by (site, target)."""
        return {
            (item["site"], item["target"]): item["assignedCondition"][0]["conditionCode"]
            for item in self.assign(user, context)
        }

    def mark(
        self,
        user: str,
        site: str,
        target: str,
        condition: str | None = None,
        *,
        experiment: object = None,
        status: str | None = "condition applied",
        **body: Any,
    ) -> dict[str, Any]:
        response = self.try_mark(user, site, target, condition, experiment=experiment, status=status, **body)
        assert response.status_code == 200, response.content
        marked: dict[str, Any] = response.json()
        return marked

    def try_mark(
        self,
        user: str,
        site: str,
        target: str,
        condition: str | None = None,
        *,
        experiment: object = None,
        status: str | None = "condition applied",
        **body: Any,
    ) -> Any:
        shown = {"conditionCode": condition, "experimentId": str(experiment) if experiment else None}
        data = {"site": site, "target": target, "assignedCondition": shown}
        return self.send("POST", "mark", user, {"data": data, "status": status, **body})

    def move(self, user: str, kind: str, group: str) -> None:
        """Both calls of a change of class."""
        assert self.send("PATCH", "groupmembership", user, {"group": {kind: [group]}}, user_key="id").status_code == 200
        moved = self.send("PATCH", "workinggroup", user, {"workingGroup": {kind: group}}, user_key="id")
        assert moved.status_code == 200


def _dumped(body: Any) -> bytes:
    return json.dumps(body if body is not None else {}).encode()
