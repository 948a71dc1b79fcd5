"""The OptimizelyConfig equals what the real Agent served for the same datafiles."""

import json
from typing import Any

import pytest

from decisions.engine import load, optimizely_config
from tests.engine.documents import read

GOLDEN = read("agent_config_golden.json")
FILES = {
    "agent_acceptance_datafile.json": "public_datafiles/KZbunNn9bVfBWLpZPq2XC4.json",
    "agent_acceptance_datafile_TkB2_reconstructed.json": "public_datafiles/TkB2xhu8WEAHa4LphN3xZ2.json",
    "agent_acceptance_datafile_holdouts.json": "public_datafiles/DU8sE5a6Wh6BD14sV8zAe.json",
    "agent_acceptance_datafile_odp.json": "public_datafiles/91GuiKYH8ZF1hLLXR7DR1.json",
}
WIRE_ORDER = {
    "environmentKey sdkKey revision experimentsMap featuresMap attributes audiences events",
    "id key audiences variationsMap",
    "id key featureEnabled variablesMap",
    "id key type value",
    "id key experimentRules deliveryRules variablesMap experimentsMap",
    "id name conditions",
    "id key experimentIds",
    "id key",
}


def sorted_lists(config: dict[str, Any]) -> dict[str, Any]:
    return {
        key: sorted(value, key=lambda each: each["id"]) if isinstance(value, list) else value
        for key, value in config.items()
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_config_is_as_served(name: str) -> None:
    body = optimizely_config.render(load(read(FILES.get(name, name))))

    assert sorted_lists(json.loads(body)) == sorted_lists(GOLDEN[name])


def test_fields_are_in_wire_order_and_maps_sorted() -> None:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert " ".join(keys) in WIRE_ORDER or keys == sorted(keys)
        return dict(pairs)

    json.loads(optimizely_config.render(load(read("datafile_rich.json"))), object_pairs_hook=check)
