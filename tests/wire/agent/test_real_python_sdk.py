"""The real `optimizely-sdk` against a running server: it fetches our datafile, decides, and reports to us."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from optimizely.config_manager import PollingConfigManager
from optimizely.event.event_processor import ForwardingEventProcessor
from optimizely.optimizely import Optimizely
from pytest_django.live_server_helper import LiveServer

from decisions import lifecycle
from events.models import Event, EventDefinition, Exposure
from experiments.models import Experiment
from tests import builders
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db(transaction=True)


class Reporter:
    """Posts to our collector what the SDK would post to its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: list[int] = []

    def dispatch_event(self, event: Any) -> None:
        request = urllib.request.Request(
            f"{self.url}/v1/events", json.dumps(event.params).encode(), {**event.headers}, method=event.http_verb
        )
        with urllib.request.urlopen(request) as reply:
            self.statuses.append(reply.status)


@pytest.fixture
def experiment() -> Experiment:
    project = builders.project(sdk_key="homekey")
    EventDefinition.objects.create(project=project, key="bought")
    audience = builders.segment(
        project=project, name="Germans", rule=["and", {"name": "country", "match": "exact", "value": "DE"}]
    )
    project.attributes.create(key="country")
    made = builders.experiment(project=project, audience=audience)
    flag = builders.flag(project=project, rules=[made])
    treatment = made.variations.get(key="treatment")
    builders.variable(flag=flag, key="label", default="Buy", values={treatment: "Buy now"})
    return lifecycle.change_status(experiment=made, to=Experiment.Status.RUNNING, now=datetime.now(UTC))


@pytest.fixture
def reporter(live_server: LiveServer) -> Reporter:
    return Reporter(live_server.url)


@pytest.fixture
def sdk(live_server: LiveServer, experiment: Experiment, reporter: Reporter) -> Iterator[Optimizely]:
    manager = PollingConfigManager(
        sdk_key="homekey", url_template=live_server.url + "/datafiles/{sdk_key}.json", update_interval=60
    )
    client = Optimizely(config_manager=manager, event_processor=ForwardingEventProcessor(reporter))
    yield client
    client.close()


def user(sdk: Optimizely, user_id: str) -> Any:
    attributes: Any = {"country": "DE"}
    return sdk.create_user_context(user_id, attributes)


def test_sdk_decides_locally_as_the_server_does(sdk: Optimizely) -> None:
    for number in range(200):
        local = user(sdk, f"user-{number}").decide("button_flag", ["DISABLE_DECISION_EVENT"])
        ours = Agent("homekey").post(
            "/v1/decide?keys=button_flag",
            {
                "userId": f"user-{number}",
                "userAttributes": {"country": "DE"},
                "decideOptions": ["DISABLE_DECISION_EVENT"],
            },
        )
        assert local.variation_key in ("control", "treatment")
        seen = ours.json()
        assert (seen["variationKey"], seen["enabled"], seen["variables"], seen["ruleKey"]) == (
            local.variation_key,
            local.enabled,
            local.variables,
            local.rule_key,
        )


def test_sdk_events_land_in_the_one_log(sdk: Optimizely, reporter: Reporter, experiment: Experiment) -> None:
    ada = user(sdk, "ada")

    decision = ada.decide("button_flag")
    ada.track_event("bought", {"revenue": 4200, "value": 12.5, "colour": "red"})

    assert reporter.statuses == [204, 204]
    exposure, event = Exposure.objects.get(), Event.objects.get()
    arm = experiment.variations.get(key=decision.variation_key)
    assert (exposure.user_id, exposure.experiment_id, exposure.variation_id) == ("ada", experiment.pk, arm.pk)
    assert (exposure.flag_key, exposure.rule_key, exposure.rule_type) == ("button_flag", "button", "feature-test")
    assert (event.key, event.revenue, event.value, event.payload["tags"]["colour"]) == ("bought", 4200, 12.5, "red")


def test_sdk_sees_the_next_revision(sdk: Optimizely, experiment: Experiment) -> None:
    before = sdk.get_optimizely_config()
    lifecycle.change_status(experiment=experiment, to=Experiment.Status.PAUSED, now=datetime.now(UTC))

    manager: Any = sdk.config_manager
    manager.fetch_datafile()

    after = sdk.get_optimizely_config()
    assert before is not None and after is not None
    assert (list(before.experiments_map), list(after.experiments_map)) == (["button"], [])
