"""`/v1/config` over HTTP as a real Agent answered it, for every recorded datafile (agent contract §2.3)."""

import pytest

from tests.engine.test_optimizely_config import FILES, GOLDEN, sorted_lists
from tests.wire.agent.calling import Agent, mirrored


@pytest.mark.django_db
@pytest.mark.parametrize("name", GOLDEN)
def test_config_is_as_served(name: str) -> None:
    mirrored(FILES.get(name, name), "KEY1")

    reply = Agent("KEY1").get("/v1/config")

    assert sorted_lists(reply.json()) == GOLDEN[name]
    assert reply.text.endswith("}\n")
