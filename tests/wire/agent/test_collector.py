"""`POST /v1/events`: batches of SDKs (agent contract §4.4, §7)."""

import copy
from typing import Any

import pytest

from events.models import Event, Exposure
from experiments.models import Experiment, Project
from tests import builders
from tests.wire.agent.calling import Agent, mirrored

pytestmark = pytest.mark.django_db

TIME = 1795280503333


@pytest.fixture
def experiment() -> Experiment:
    return builders.running(project=builders.project(sdk_key="homekey"))


def batch_of(experiment: Experiment) -> dict[str, Any]:
    """A batch as the Python SDK writes it: other key order than the Agent's, no region."""
    arm = experiment.variations.get(key="treatment")
    return {
        "account_id": "1",
        "project_id": experiment.project.datafile_id,
        "visitors": [
            {
                "visitor_id": "ada",
                "snapshots": [
                    {
                        "events": [
                            {"entity_id": "7", "timestamp": TIME, "uuid": "u-1", "key": "campaign_activated"},
                        ],
                        "decisions": [
                            {
                                "campaign_id": "7",
                                "experiment_id": experiment.datafile_id,
                                "variation_id": arm.datafile_id,
                                "metadata": {
                                    "flag_key": "button_flag",
                                    "rule_key": "button",
                                    "rule_type": "feature-test",
                                    "variation_key": "treatment",
                                    "enabled": True,
                                },
                            }
                        ],
                    },
                    {
                        "events": [
                            {
                                "entity_id": "9",
                                "timestamp": TIME + 1,
                                "uuid": "u-2",
                                "key": "bought",
                                "revenue": 42,
                                "value": 1.5,
                                "tags": {"revenue": 42, "value": 1.5},
                            }
                        ]
                    },
                ],
                "attributes": [{"value": "DE", "entity_id": "3", "type": "custom", "key": "country"}],
            }
        ],
        "revision": "1",
        "client_name": "python-sdk",
        "client_version": "5.7.0",
        "anonymize_ip": True,
        "enrich_decisions": True,
    }


def test_impressions_and_conversions_are_stored(experiment: Experiment) -> None:
    reply = Agent().post("/v1/events", batch_of(experiment))

    assert (reply.status, reply.text) == (204, "")
    exposure, event = Exposure.objects.get(), Event.objects.get()
    assert (exposure.experiment_id, exposure.user_id, exposure.uuid) == (experiment.pk, "ada", "u-1")
    assert exposure.variation_id == experiment.variations.get(key="treatment").pk
    assert exposure.payload["attributes"] == {"country": "DE"}
    assert (event.kind, event.key, event.revenue, event.value, event.uuid) == ("conversion", "bought", 42, 1.5, "u-2")
    assert event.occurred_at.timestamp() * 1000 == TIME + 1


def test_a_batch_sent_twice_counts_once(experiment: Experiment) -> None:
    first = Agent().post("/v1/events", batch_of(experiment))
    again = Agent().post("/v1/events", batch_of(experiment))

    assert (first.status, again.status) == (204, 204)
    assert (Exposure.objects.count(), Event.objects.count()) == (1, 1)


def test_two_decisions_of_one_event_are_two_exposures(experiment: Experiment) -> None:
    batch = batch_of(experiment)
    moment = batch["visitors"][0]["snapshots"][0]
    moment["decisions"].append(copy.deepcopy(moment["decisions"][0]))

    for _ in range(2):
        Agent().post("/v1/events", batch)

    assert Exposure.objects.count() == 2


def test_null_ids_of_newer_sdks_are_stored(experiment: Experiment) -> None:
    batch = batch_of(experiment)
    batch["visitors"][0]["snapshots"][0]["decisions"][0] |= {"campaign_id": "", "variation_id": None}

    reply = Agent().post("/v1/events", batch)

    assert reply.status == 204
    assert Exposure.objects.get().variation_id is None


def test_mirrored_project_stores_what_has_no_rows(db: None) -> None:
    mirrored("datafile_rich.json", "RICHKEY1")
    decision = {"campaign_id": "l20001", "experiment_id": "20001", "variation_id": "200012", "metadata": {}}
    event = {"entity_id": "l20001", "key": "campaign_activated", "timestamp": TIME, "uuid": "u-1"}
    visitor = {"visitor_id": "ada", "snapshots": [{"decisions": [decision], "events": [event]}], "attributes": []}

    reply = Agent().post("/v1/events", {"project_id": "prj1", "visitors": [visitor]})

    assert reply.status == 204
    stored = Exposure.objects.get()
    assert (stored.experiment_id, stored.payload["experiment_id"]) == (None, "20001")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"visitors": None}, 400),
        ({"visitors": [5]}, 400),
        ({"visitors": [{"visitor_id": 5}]}, 400),
        ({"visitors": [{"visitor_id": "a\x00", "snapshots": [{"events": [{"uuid": "x", "timestamp": 1}]}]}]}, 400),
        ({"visitors": [{"visitor_id": "a", "snapshots": [{"events": [{"uuid": "x", "timestamp": 1e30}]}]}]}, 400),
        ({"project_id": "no-such-project"}, 404),
    ],
)
def test_bad_batch_is_refused_and_nothing_of_it_stored(
    experiment: Experiment, change: dict[str, Any], status: int
) -> None:
    reply = Agent().post("/v1/events", batch_of(experiment) | change)

    assert (reply.status, list(reply.json())) == (status, ["error"])
    assert not Event.objects.exists()
    assert not Exposure.objects.exists()


@pytest.mark.parametrize("closed", [{"active": False}, {"dialects": ["upgrade"]}])
def test_project_that_is_closed_to_agents_takes_no_events(experiment: Experiment, closed: dict[str, Any]) -> None:
    Project.objects.update(**closed, generation=99)

    reply = Agent().post("/v1/events", batch_of(experiment))

    assert (reply.status, list(reply.json())) == (404, ["error"])
    assert not Exposure.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "[" * 5000, b"\xff\xfe"])
def test_body_that_is_no_batch_is_refused(db: None, body: str | bytes) -> None:
    assert Agent().post("/v1/events", body).status == 400


def test_pages_of_every_origin_may_report(db: None) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "content-type"}

    preflight = Agent().call("OPTIONS", "/v1/events", None, asked)

    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
