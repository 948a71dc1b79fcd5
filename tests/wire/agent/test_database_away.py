"""While the database is away: decisions go on without what is kept in it, and the rest says when to come again."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from decisions import snapshots
from decisions.drawing import recalling
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db

USER = {"userId": "user_1"}


@pytest.fixture
def away(rich: Agent, settings: Any, monkeypatch: pytest.MonkeyPatch, connections_stay_open: None) -> Iterator[Agent]:
    """A client of a server that keeps overrides and profiles, whose database answers no statement."""

    def refuse(execute: Any, sql: str, *_: Any) -> None:
        raise OperationalError("the database is away")

    settings.AGENT_OVERRIDES = True
    settings.AGENT_PROFILES = {"default": "in-memory", "services": {"in-memory": {}, "database": {}}}
    snapshots.current()
    settings.INLINE_SNAPSHOTS = False
    monkeypatch.setattr(recalling, "_away_until", 0.0)
    with connection.execute_wrapper(refuse):
        yield rich


@pytest.mark.parametrize(
    "path", ["/v1/decide?keys=main_flag", "/v1/activate?featureKey=main_flag&disableTracking=true"]
)
@pytest.mark.parametrize("profiles", ["in-memory", "database"])
def test_decisions_go_on_without_overrides_and_profiles(away: Agent, path: str, profiles: str) -> None:
    silent = {**USER, "decideOptions": ["DISABLE_DECISION_EVENT"]}

    reply = away.post(path, silent, X_Optimizely_UPS_Name=profiles)

    assert reply.status == 200
    assert "treat" in reply.text or "control" in reply.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/override", {**USER, "experimentKey": "ft_main", "variationKey": "treat"}),
        ("/v1/lookup", USER),
        ("/v1/save", USER),
        ("/v1/reset", {}),
    ],
)
def test_what_needs_the_database_says_when_to_come_again(away: Agent, path: str, body: Any) -> None:
    reply = away.post(path, body)

    assert (reply.status, reply.json()) == (503, {"error": "The database is away"})
    assert reply.headers["Retry-After"] == "1"
