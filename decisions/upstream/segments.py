"""Segments a person qualifies for, asked of a customer data platform over its GraphQL API (agent contract §4.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from decisions.compile import Snapshot
from decisions.engine import Engine
from decisions.engine.model import Branch, Condition, Integration, Leaf
from decisions.upstream import segment_caches
from events import outgoing

QUERY = (
    "query($userId: String, $audiences: [String]) {customer(fs_user_id: $userId) "
    "{audiences(subset: $audiences) {edges {node {name state}}}}}"
)

_asked_about: WeakKeyDictionary[Engine, tuple[str, ...]] = WeakKeyDictionary()


class NoSegments(Exception):
    """The segments of a person cannot be told: not integrated, not reachable, or an error came back."""


@dataclass(frozen=True, slots=True)
class Source:
    """`host` replaces the one a datafile names when it is not empty; `cache` is None for no cache."""

    host: str
    seconds: float
    cache: segment_caches.Cache | None
    is_off: bool = False


def qualified(
    snapshot: Snapshot, user_id: str, source: Source, *, ignores_cache: bool = False, resets_cache: bool = False
) -> frozenset[str]:
    """The segments a person is in, of those the project's audiences ask about. Raises NoSegments."""
    integration = integration_of(snapshot)
    if source.is_off or integration is None or not (source.host or integration.host) or not integration.public_key:
        raise NoSegments("ODP is not integrated")
    subset = asked_about(snapshot.engine)
    if not subset:
        return frozenset()
    cache = source.cache
    if cache is not None and resets_cache:
        cache.clear(project_id=snapshot.project_id)
    if cache is not None and not ignores_cache:
        kept = cache.get(user_id, project_id=snapshot.project_id)
        if kept is not None:
            return frozenset(kept)
    found = _ask(source, integration, user_id, subset)
    if cache is not None and not ignores_cache:
        cache.put(user_id, found, project_id=snapshot.project_id)
    return frozenset(found)


def integration_of(snapshot: Snapshot) -> Integration | None:
    """The data platform a datafile names, None when it names none."""
    return next((each for each in snapshot.engine.datafile.integrations if each.key == "odp"), None)


def asked_about(engine: Engine) -> tuple[str, ...]:
    """Every segment that some audience asks about, each once."""
    if engine not in _asked_about:
        trees = [audience.tree for audience in engine.datafile.audiences if audience.tree is not None]
        _asked_about[engine] = tuple(dict.fromkeys(name for tree in trees for name in _names(tree)))
    return _asked_about[engine]


def _names(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Branch):
        for child in condition.children:
            yield from _names(child)
    elif isinstance(condition, Leaf) and condition.match == "qualified" and isinstance(condition.value, str):
        yield condition.value


def _ask(source: Source, integration: Integration, user_id: str, subset: tuple[str, ...]) -> list[str]:
    url = f"{(source.host or integration.host).rstrip('/')}/v3/graphql"
    document = {"query": QUERY, "variables": {"userId": user_id, "audiences": list(subset)}}
    headers = {"x-api-key": integration.public_key}
    try:
        status, body = outgoing.post(url, document, seconds=source.seconds, headers=headers)
    except outgoing.Unreachable as fault:
        raise NoSegments(str(fault)) from fault
    if status != 200:
        raise NoSegments(f"{url} answered {status}")
    return _qualified_in(body)


def _qualified_in(body: bytes) -> list[str]:
    try:
        answer: Any = orjson.loads(body)
        edges = answer["data"]["customer"]["audiences"]["edges"]
        nodes = [edge["node"] for edge in edges]
        return [str(node["name"]) for node in nodes if node["state"] == "qualified"]
    except (ValueError, LookupError, TypeError) as fault:
        raise NoSegments("the answer holds no segments") from fault
