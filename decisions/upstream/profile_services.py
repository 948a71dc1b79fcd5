"""Profiles kept by somebody else's service over HTTP (agent contract §4.3, `rest`).

A service that does not answer knows nobody: decisions go on, and what it missed is logged.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson

from events import outgoing
from events.outbox import Outbox
from users.bucket_maps import Arms, from_bucket_map, to_bucket_map

logger = logging.getLogger(__name__)

SECONDS = 5.0
QUEUED = 1000


@dataclass(frozen=True, slots=True)
class Service:
    """Where profiles are asked for and told; `user_id_key` is what the service calls a user's id."""

    lookup_url: str
    lookup_method: str
    save_url: str
    save_method: str
    user_id_key: str
    headers: tuple[tuple[str, str], ...]
    saves_behind: bool

    def get(self, *, project_id: int, user_id: str) -> Arms:
        found = self._ask(self.lookup_method, self.lookup_url, {self.user_id_key: user_id})
        bucket_map = found.get("experiment_bucket_map") if isinstance(found, dict) else None
        return from_bucket_map(bucket_map) if isinstance(bucket_map, dict) else {}

    def put(self, *, project_id: int, user_id: str, arms: Arms) -> None:
        profile = {self.user_id_key: user_id, "experiment_bucket_map": to_bucket_map(arms)}
        if self.saves_behind:
            _outbox().offer(self, profile)
        else:
            self.save(profile)

    def save(self, profile: Mapping[str, Any]) -> None:
        self._ask(self.save_method, self.save_url, profile)

    def _ask(self, method: str, url: str, document: Mapping[str, Any]) -> object:
        """The JSON of a 200, None for every other answer. GET sends the fields as a query."""
        try:
            if method == "GET":
                query = {name: each if isinstance(each, str) else orjson.dumps(each) for name, each in document.items()}
                url, document = f"{url}?{urlencode(query)}", {}
            status, body = outgoing.send(method, url, document or None, seconds=SECONDS, headers=dict(self.headers))
            if status != 200:
                logger.warning("The profile service at %s answered %d", url.partition("?")[0], status)
                return None
            return orjson.loads(body) if body else None
        except (outgoing.Unreachable, orjson.JSONDecodeError) as fault:
            logger.warning("The profile service is of no use: %s", fault)
            return None


def service(config: Mapping[str, Any]) -> Service:
    """The service that a setting describes."""
    host = str(config.get("host", "")).rstrip("/")
    return Service(
        lookup_url=_url(host, config.get("lookupPath")),
        lookup_method=str(config.get("lookupMethod") or "POST").upper(),
        save_url=_url(host, config.get("savePath")),
        save_method=str(config.get("saveMethod") or "POST").upper(),
        user_id_key=str(config.get("userIDKey") or "user_id"),
        headers=tuple((str(name), str(value)) for name, value in (config.get("headers") or {}).items()),
        saves_behind=bool(config.get("async")),
    )


def _url(host: str, path: object) -> str:
    return f"{host}/{str(path or '').lstrip('/')}"


def _deliver(service: Service, profiles: Sequence[Any]) -> bool:
    for profile in profiles:
        service.save(profile)
    return True


@lru_cache(maxsize=1)
def _outbox() -> Outbox:
    """The one queue of this process."""
    return Outbox("the profile service", _deliver, batch_size=10, flush_seconds=0.0, queue_size=QUEUED)
