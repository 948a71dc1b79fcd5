"""`POST /v1/activate` (agent contract §1.4, §4.1)."""

from typing import Any

import pytest

from events.models import Exposure
from tests.wire.agent.calling import Agent, mirrored

pytestmark = pytest.mark.django_db

USER = {"userId": "user_1", "userAttributes": {"country": "US", "age": 30}}


def activate(agent: Agent, query: str, body: Any = None) -> Any:
    return agent.post(f"/v1/activate?{query}", body or USER).json()


def test_arm_of_an_experiment_is_an_exposure_without_a_flag(rich: Agent) -> None:
    (item,) = activate(rich, "experimentKey=ft_main")

    assert (item["type"], item["variationKey"], item["enabled"]) == ("experiment", "control", True)
    stored = Exposure.objects.get()
    assert (stored.rule_type, stored.flag_key, stored.rule_key) == ("experiment", "", "ft_main")
    assert stored.payload["campaign_id"] == "l20001"


def test_feature_is_an_exposure_only_with_a_variation(rich: Agent) -> None:
    activate(rich, "featureKey=no_rollout")
    assert not Exposure.objects.exists()

    activate(rich, "featureKey=main_flag&featureKey=rollout_only")

    assert sorted(Exposure.objects.values_list("rule_type", flat=True)) == ["feature-test", "rollout"]


def test_rollout_is_no_exposure_where_the_datafile_does_not_ask(legacy: Agent) -> None:
    activate(legacy, "featureKey=legacy_rollout", {"userId": "u1", "userAttributes": {"browser": "chrome"}})

    assert not Exposure.objects.exists()


@pytest.mark.parametrize(("value", "exposures"), [("true", 0), ("True", 1), ("1", 1), ("", 1)])
def test_only_the_exact_word_disables_tracking(rich: Agent, value: str, exposures: int) -> None:
    activate(rich, f"experimentKey=ft_main&disableTracking={value}")

    assert Exposure.objects.count() == exposures


def test_one_unknown_key_does_not_fail_the_call(rich: Agent) -> None:
    items = activate(rich, "experimentKey=zz&featureKey=main_flag")

    assert [(item["type"], item.get("error")) for item in items] == [("", "experimentKey not found"), ("feature", None)]


@pytest.mark.parametrize(("value", "kept"), [("true", 1), ("false", 2), ("TRUE", 3), ("", 3)])
def test_enabled_filters_afterwards_and_unknown_keys_count_as_disabled(rich: Agent, value: str, kept: int) -> None:
    items = activate(rich, f"experimentKey=ft_main&experimentKey=zz&featureKey=no_rollout&enabled={value}")

    assert len(items) == kept


def test_holdout_does_not_hold_back_an_experiment_asked_for_by_its_key(holdouts: Agent) -> None:
    feature, experiment = activate(holdouts, "featureKey=alpha&experimentKey=exp_alpha", {"userId": "user_4"})[::-1]

    assert (experiment["experimentKey"], experiment["variationKey"]) == ("exp_alpha", "v2")
    assert (feature["experimentKey"], feature["variationKey"]) == ("ho_all", "off")


def test_variable_that_cannot_be_cast_fails_the_whole_call(db: None) -> None:
    mirrored("datafile_edge_agent_only.json", "EDGEKEY1")

    reply = Agent("EDGEKEY1").post("/v1/activate?type=feature", {"userId": "u"})

    assert reply.status == 400
    assert "occurred:\n\t* " in reply.json()["error"]


def test_missing_user_is_refused(rich: Agent) -> None:
    assert rich.post("/v1/activate?type=nope").json() == {"error": 'missing "userId" in request payload'}
