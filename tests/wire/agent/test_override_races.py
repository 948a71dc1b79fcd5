"""Two overrides at once for one person: both count (agent contract §4.2)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from decisions import snapshots
from decisions.agent import overrides
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER = 6


def test_overrides_of_several_experiments_at_once_are_all_kept(rich: Agent) -> None:
    snapshot = snapshots.for_sdk_key(rich.sdk_key)
    assert snapshot is not None
    start = Barrier(TOGETHER)

    def override(number: int) -> None:
        start.wait()
        try:
            overrides.put(snapshot, user_id="ada", experiment_key=f"e{number}", variation_key="treat")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(override, range(TOGETHER)))

    assert overrides.of_user(snapshot, "ada") == {f"e{number}": "treat" for number in range(TOGETHER)}
