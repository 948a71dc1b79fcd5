"""`GET /datafiles/<sdkKey>.json`: what SDKs poll (agent contract §7)."""

from datetime import UTC, datetime, timedelta

import pytest

from decisions import lifecycle
from experiments import access
from experiments.models import Experiment, Project
from tests import builders
from tests.wire.agent.calling import Agent

pytestmark = pytest.mark.django_db
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def experiment() -> Experiment:
    return builders.running(project=builders.project(sdk_key="homekey"), now=LONG_AGO)


def test_datafile_is_what_v1_datafile_returns(experiment: Experiment) -> None:
    reply = Agent().get("/datafiles/homekey.json")

    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.json() == Agent("homekey").get("/v1/datafile").json()
    assert reply.json()["revision"] == "1"


def test_unchanged_datafile_is_not_sent_again(experiment: Experiment) -> None:
    first = Agent().get("/datafiles/homekey.json")

    again = Agent().get("/datafiles/homekey.json", If_Modified_Since=first.headers["Last-Modified"])

    assert (again.status, again.text) == (304, "")
    assert again.headers["Last-Modified"] == first.headers["Last-Modified"]


def test_published_datafile_is_sent_again(experiment: Experiment) -> None:
    first = Agent().get("/datafiles/homekey.json")
    lifecycle.publish(project=experiment.project, now=datetime.now(UTC))

    again = Agent().get("/datafiles/homekey.json", If_Modified_Since=first.headers["Last-Modified"])

    assert (again.status, again.json()["revision"]) == (200, "2")


def test_two_changes_within_one_second_are_both_seen(experiment: Experiment) -> None:
    lifecycle.publish(project=experiment.project, now=datetime.now(UTC))
    first = Agent().get("/datafiles/homekey.json")
    lifecycle.publish(project=experiment.project, now=datetime.now(UTC))

    again = Agent().get("/datafiles/homekey.json", If_Modified_Since=first.headers["Last-Modified"])

    assert (again.status, again.json()["revision"]) == (200, "3")


@pytest.mark.parametrize("path", ["/datafiles/nobody.json", "/datafiles/auth/nobody.json"])
def test_unknown_key_is_forbidden(path: str) -> None:
    assert Agent().get(path).status == 403


def test_closed_project_gives_no_datafile() -> None:
    builders.project(sdk_key="closed", active=False)
    builders.project(key="school", sdk_key="schoolkey", dialects=["upgrade"])

    assert [Agent().get(f"/datafiles/{key}.json").status for key in ("closed", "schoolkey")] == [403, 403]


def test_guarded_datafile_needs_its_token(experiment: Experiment) -> None:
    Project.objects.update(access_token_hash=access.hash_of("t0ken"), generation=77)

    public = Agent().get("/datafiles/homekey.json")
    wrong = Agent().get("/datafiles/auth/homekey.json", Authorization="Bearer other")
    right = Agent().get("/datafiles/auth/homekey.json", Authorization="Bearer t0ken")

    assert (public.status, wrong.status, right.status) == (403, 403, 200)


def test_pages_of_every_origin_may_fetch(experiment: Experiment) -> None:
    reply = Agent().get("/datafiles/homekey.json", Origin="https://shop.example")
    preflight = Agent().call(
        "OPTIONS",
        "/datafiles/homekey.json",
        None,
        {"Origin": "https://shop.example", "Access-Control-Request-Headers": "if-modified-since"},
    )

    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert (preflight.status, preflight.headers["Access-Control-Allow-Headers"]) == (204, "if-modified-since")


def test_only_reading_is_served(experiment: Experiment) -> None:
    assert Agent().post("/datafiles/homekey.json", {}).status == 405
