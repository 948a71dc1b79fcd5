"""Projects whose datafile comes from somebody else's host: fetched at the first request, polled after (§1.2)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisions.upstream import polling
from experiments import access
from experiments.models import MirroredDatafile, Project
from tests import builders
from tests.wire.agent.calling import DATA, Agent, mirrored
from tests.wire.agent.hosting import Asked, Host, Said, hosting

pytestmark = pytest.mark.django_db

MODIFIED = "Sat, 21 Nov 2026 16:45:46 GMT"
DATAFILE = (DATA / "datafile_holdouts.json").read_bytes()
EVERY = timedelta(minutes=1)


def answer(asked: Asked) -> Said:
    """The contract's stub: keys by their beginning, everything else is forbidden."""
    key = asked.path.removeprefix("/datafiles/").removesuffix(".json")
    if key == "SECURE1":
        return Said(200, DATAFILE) if asked.headers.get("Authorization") == "Bearer t0ken" else Said(403)
    by_start = {"nf404": Said(404), "err500": Said(500), "bad": Said(200, b"{"), "v3": Said(200, b'{"version":"3"}')}
    for start, said in by_start.items():
        if key.startswith(start):
            return said
    if key != "HOLDKEY1":
        return Said(403)
    if asked.headers.get("If-Modified-Since") == MODIFIED:
        return Said(304)
    return Said(200, DATAFILE, {"Last-Modified": MODIFIED})


@pytest.fixture
def cdn(settings: Any) -> Iterator[Host]:
    polling._failures.clear()
    polling._good.clear()
    with hosting(answer) as host:
        settings.AGENT_DATAFILE_URL = f"{host.url}/datafiles/%s.json"
        yield host


def poll(later: int = 1) -> int:
    return polling.poll(now=datetime.now(UTC) + later * EVERY, interval=EVERY)


def test_key_is_fetched_once_and_served_from_then_on(cdn: Host) -> None:
    replies = [Agent("HOLDKEY1").get("/v1/datafile") for _ in range(3)]

    assert [reply.json() for reply in replies] == [json.loads(DATAFILE)] * 3
    assert [asked.path for asked in cdn.asked] == ["/datafiles/HOLDKEY1.json"]
    assert Project.objects.get().source == "mirrored"


@pytest.mark.parametrize("key", ["nf404key", "err500key", "badkey", "v3key"])
def test_key_whose_datafile_cannot_be_had_is_a_server_error(cdn: Host, key: str) -> None:
    reply = Agent(key).get("/v1/config")

    assert (reply.status, reply.json()) == (500, {"error": f"failed to instantiate Optimizely for SDK Key: {key}"})
    assert not Project.objects.exists()


def test_forbidden_key_is_forbidden(cdn: Host) -> None:
    reply = Agent("undefined").get("/v1/config")

    assert reply.status == 403
    assert reply.json()["error"].endswith("status code: 403 Forbidden")


def test_failure_is_remembered_for_a_moment(cdn: Host) -> None:
    for _ in range(5):
        Agent("nf404key").get("/v1/config")

    assert len(cdn.asked) == 1


def test_unreachable_host_is_a_server_error(cdn: Host, settings: Any) -> None:
    settings.AGENT_DATAFILE_URL = "http://127.0.0.1:1/%s.json"

    assert Agent("HOLDKEY1").get("/v1/config").status == 500


def test_token_is_sent_along_and_guards_the_project(cdn: Host) -> None:
    replies = [Agent(key).get("/v1/config").status for key in ("SECURE1:t0ken", "SECURE1", "SECURE1:other")]

    assert replies == [200, 403, 403]
    assert cdn.asked[0].headers["Authorization"] == "Bearer t0ken"


def test_token_that_replaces_another_is_asked_about_once(cdn: Host) -> None:
    known = ("Bearer old", "Bearer new")
    cdn.answer = lambda asked: Said(200, DATAFILE) if asked.headers.get("Authorization") in known else Said(403)
    keys = ["SECURE1:old", "SECURE1:new", "SECURE1:new", "SECURE1:old", "SECURE1:new", "SECURE1"]

    replies = [Agent(key).get("/v1/config").status for key in keys]

    assert replies == [200, 200, 200, 200, 200, 403]
    assert len(cdn.asked) == 3
    assert MirroredDatafile.objects.get().access_token == "new"


def test_guard_of_an_imported_datafile_is_not_taken_off_by_its_host(cdn: Host) -> None:
    mirrored("datafile_holdouts.json", "HOLDKEY1")
    Project.objects.update(access_token_hash=access.hash_of("t0ken"), generation=99)

    replies = [Agent(key).get("/v1/config").status for key in ("HOLDKEY1", "HOLDKEY1:other", "HOLDKEY1:t0ken")]

    assert replies == [403, 403, 200]
    assert not cdn.asked


@pytest.mark.parametrize("key", ["HOLDKEY1:" + "t" * 300, "K" * 200])
def test_key_that_is_too_long_to_keep_is_a_server_error(cdn: Host, key: str) -> None:
    cdn.answer = lambda asked: Said(200, DATAFILE, {"Last-Modified": "x" * 300})

    assert Agent(key).get("/v1/config").status == 500
    assert Agent("HOLDKEY1").get("/v1/config").status == 200


def test_closed_mirror_stays_closed(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    Project.objects.update(active=False, generation=99)

    assert Agent("HOLDKEY1").get("/v1/config").status == 403


def test_project_of_this_server_is_never_fetched(cdn: Host) -> None:
    builders.project(sdk_key="HOLDKEY1")

    assert Agent("HOLDKEY1").get("/v1/config").json()["experimentsMap"] == {}
    assert not cdn.asked


def test_poll_asks_only_for_news_and_only_when_due(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")

    assert [poll(0), poll(1)] == [0, 0]

    assert len(cdn.asked) == 2
    assert cdn.asked[-1].headers["If-Modified-Since"] == MODIFIED


def test_new_revision_is_decided_by(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    news = json.dumps(json.loads(DATAFILE) | {"revision": "77", "featureFlags": []}).encode()
    cdn.answer = lambda asked: Said(200, news)

    assert poll() == 1

    config = Agent("HOLDKEY1").get("/v1/config").json()
    assert (config["revision"], config["featuresMap"]) == ("77", {})


def test_same_revision_is_ignored_whatever_it_says(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    cdn.answer = lambda asked: Said(200, json.dumps(json.loads(DATAFILE) | {"featureFlags": []}).encode())

    assert poll() == 0

    assert Agent("HOLDKEY1").get("/v1/datafile").json() == json.loads(DATAFILE)


@pytest.mark.parametrize(
    "said", [Said(500), Said(404), Said(403), Said(200, b"{"), Said(200, b'{"version":"4","experiments":5}')]
)
def test_bad_answer_never_replaces_a_good_datafile(cdn: Host, said: Said) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    cdn.answer = lambda asked: said

    assert poll() == 0

    assert Agent("HOLDKEY1").get("/v1/datafile").json() == json.loads(DATAFILE)


def test_configured_keys_are_fetched_before_anybody_asks(cdn: Host, settings: Any) -> None:
    polling.poll(
        now=datetime.now(UTC), interval=EVERY, sdk_keys=["HOLDKEY1", "nf404"], template=settings.AGENT_DATAFILE_URL
    )

    assert MirroredDatafile.objects.get().project.sdk_key == "HOLDKEY1"


def test_configured_key_may_bring_its_token(cdn: Host, settings: Any) -> None:
    polling.poll(
        now=datetime.now(UTC), interval=EVERY, sdk_keys=["SECURE1:t0ken"], template=settings.AGENT_DATAFILE_URL
    )

    assert [Agent(key).get("/v1/config").status for key in ("SECURE1:t0ken", "SECURE1")] == [200, 403]
    assert cdn.asked[0].headers["Authorization"] == "Bearer t0ken"


def test_reset_takes_another_datafile_even_of_the_same_revision(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    cdn.answer = lambda asked: Said(200, json.dumps(json.loads(DATAFILE) | {"featureFlags": []}).encode())

    reply = Agent("HOLDKEY1").post("/v1/reset")

    assert reply.json() == {"result": True}
    assert Agent("HOLDKEY1").get("/v1/config").json()["featuresMap"] == {}


def test_reset_keeps_what_is_good_when_the_host_fails(cdn: Host) -> None:
    Agent("HOLDKEY1").get("/v1/config")
    cdn.answer = lambda asked: Said(500)

    assert Agent("HOLDKEY1").post("/v1/reset").status == 200
    assert Agent("HOLDKEY1").get("/v1/datafile").json() == json.loads(DATAFILE)
