"""`POST /v1/lookup` and `/v1/save`, and what decisions do with profiles (agent contract §1.4, §4.3)."""

from typing import Any

import pytest

from decisions import deciding
from experiments.models import Experiment
from tests import builders
from tests.wire.agent.calling import Agent, mirrored
from users.models import Assignment, UserProfile

pytestmark = pytest.mark.django_db

IN_MEMORY = {"default": "in-memory", "services": {"in-memory": {}, "database": {}}}


@pytest.fixture
def experiment() -> Experiment:
    project = builders.project(sdk_key="homekey")
    made = builders.experiment(project=project)
    builders.flag(project=project, rules=[made])
    return builders.started(made)


@pytest.fixture
def home(experiment: Experiment) -> Agent:
    return Agent("homekey")


def arm_of(home: Agent, user: str) -> str:
    arm: str = home.post("/v1/decide?keys=button_flag", {"userId": user}).json()["variationKey"]
    return arm


def other(experiment: Experiment, key: str) -> Any:
    return experiment.variations.exclude(key=key).get()


def entry(variation_id: str) -> dict[str, str]:
    return {"variation_id": variation_id}


def test_saved_profile_of_an_authored_project_is_an_assignment(home: Agent, experiment: Experiment) -> None:
    arm = other(experiment, arm_of(home, "ada"))
    bucket_map = {experiment.datafile_id: entry(arm.datafile_id), "77": entry("1")}

    reply = home.post("/v1/save", {"userId": "ada", "experimentBucketMap": bucket_map})

    assert (reply.status, reply.text) == (200, "")
    assert "Content-Type" not in reply.headers
    stored = Assignment.objects.get()
    assert (stored.variation_id, stored.method, stored.unit_id) == (arm.pk, "profile", "ada")
    assert arm_of(home, "ada") == arm.key
    assert home.post("/v1/lookup", {"userId": "ada"}).json() == {
        "userId": "ada",
        "experimentBucketMap": {experiment.datafile_id: entry(arm.datafile_id)},
    }


def test_saving_again_replaces_and_saving_nothing_clears(home: Agent, experiment: Experiment) -> None:
    for key in ("control", "treatment"):
        arm = experiment.variations.get(key=key)
        home.post(
            "/v1/save", {"userId": "ada", "experimentBucketMap": {experiment.datafile_id: entry(arm.datafile_id)}}
        )
    assert arm_of(home, "ada") == "treatment"

    home.post("/v1/save", {"userId": "ada"})

    assert home.post("/v1/lookup", {"userId": "ada"}).json()["experimentBucketMap"] == {}
    assert Assignment.objects.filter(ended_at__isnull=True).count() == 0


def test_arm_given_by_other_means_is_looked_up_and_outlives_a_save(home: Agent, experiment: Experiment) -> None:
    arm = other(experiment, arm_of(home, "ada"))
    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id="ada",
        variation_id=arm.pk,
        method=Assignment.Method.CLIENT,
        now=builders.NOW,
    )

    home.post("/v1/save", {"userId": "ada"})

    assert home.post("/v1/lookup", {"userId": "ada"}).json()["experimentBucketMap"] == {
        experiment.datafile_id: entry(arm.datafile_id)
    }


def test_mirrored_project_keeps_no_profiles_unless_a_service_is_chosen(rich: Agent) -> None:
    for path in ("/v1/lookup", "/v1/save"):
        reply = rich.post(path, "{")
        assert (reply.status, reply.json()) == (500, {"error": "no user profile service found"})


@pytest.mark.parametrize("service", ["in-memory", "database"])
def test_mirrored_profile_is_kept_as_saved_and_decided_by(rich: Agent, settings: Any, service: str) -> None:
    settings.AGENT_PROFILES = IN_MEMORY | {"default": service}
    bucket_map = {"20001": entry("200012"), "77": entry("1")}

    rich.post("/v1/save", {"userId": "user_1", "experimentBucketMap": bucket_map})

    assert rich.post("/v1/lookup", {"userId": "user_1"}).json()["experimentBucketMap"] == bucket_map
    reply = rich.post("/v1/decide?keys=main_flag", {"userId": "user_1", "decideOptions": ["INCLUDE_REASONS"]}).json()
    assert reply["variationKey"] == "treat"
    assert reply["reasons"][0].startswith('User "user_1" was previously bucketed into variation "treat"')


def test_decision_saves_what_it_drew_once_a_service_is_chosen(rich: Agent, settings: Any) -> None:
    settings.AGENT_PROFILES = IN_MEMORY | {"default": "database"}

    rich.post("/v1/decide?keys=main_flag", {"userId": "user_1"})
    rich.post("/v1/decide?keys=main_flag", {"userId": "user_2", "decideOptions": ["IGNORE_USER_PROFILE_SERVICE"]})
    rich.post("/v1/decide?keys=main_flag", {"userId": "wl_treat"})

    (stored,) = UserProfile.objects.all()
    assert (stored.external_id, stored.bucket_map) == ("user_1", {"20001": {"variation_id": "200011"}})


def test_header_chooses_a_service_by_name(settings: Any) -> None:
    settings.AGENT_PROFILES = IN_MEMORY | {"default": "in-memory"}
    mirrored("datafile_rich.json", "RICHKEY1")
    database = Agent("RICHKEY1", {"X-Optimizely-UPS-Name": "database"})

    database.post("/v1/save", {"userId": "a", "experimentBucketMap": {"1": entry("2")}})

    assert UserProfile.objects.get().external_id == "a"
    assert Agent("RICHKEY1").post("/v1/lookup", {"userId": "a"}).json()["experimentBucketMap"] == {}
    assert Agent("RICHKEY1", {"X-Optimizely-UPS-Name": "nope"}).post("/v1/lookup", {"userId": "a"}).status == 500


def test_decision_of_an_authored_project_is_remembered_once_a_service_is_chosen(
    home: Agent, experiment: Experiment, settings: Any
) -> None:
    settings.AGENT_PROFILES = IN_MEMORY

    arm = arm_of(home, "ada")

    stored = Assignment.objects.get(variation__key=arm)
    assert (stored.unit_id, stored.method) == ("ada", "profile")


@pytest.mark.parametrize("path", ["/v1/lookup", "/v1/save"])
def test_missing_user_is_refused(home: Agent, path: str) -> None:
    reply = home.post(path, {})

    assert (reply.status, reply.json()) == (400, {"error": 'missing "userId" in request payload'})


def test_entry_without_a_variation_refuses_the_profile(home: Agent) -> None:
    entries: list[Any] = [{"1": {"variation_id": 5}}, {"1": {}}, {"1": "x"}]

    replies = [home.post("/v1/save", {"userId": "a", "experimentBucketMap": each}).status for each in entries]

    assert replies == [400, 400, 200]


@pytest.mark.parametrize(
    "path", ["/v1/lookup", "/v1/save", "/v1/decide", "/v1/activate?featureKey=main_flag", "/v1/track?eventKey=purchase"]
)
@pytest.mark.parametrize("kept_in", ["database", "in-memory"])
def test_person_no_database_can_name_is_refused(
    rich: Agent, home: Agent, settings: Any, path: str, kept_in: str
) -> None:
    settings.AGENT_PROFILES = {**IN_MEMORY, "default": kept_in}

    replies = [agent.post(path, {"userId": "a\x00b"}) for agent in (rich, home)]

    refused = [reply for reply in replies if reply.status != 200 or "not found" not in reply.text]
    assert {reply.status for reply in refused} == {400}
    assert all("cannot be stored" in reply.json()["error"] for reply in refused)


@pytest.mark.parametrize(
    ("user", "experiment_id"), [("u" * 256, "20001"), ("ada", "2\x00"), ("ada", "2" * 256)], ids=["user", "nul", "long"]
)
def test_profile_no_database_can_hold_is_refused(rich: Agent, settings: Any, user: str, experiment_id: str) -> None:
    settings.AGENT_PROFILES = {**IN_MEMORY, "default": "database"}

    reply = rich.post("/v1/save", {"userId": user, "experimentBucketMap": {experiment_id: entry("1")}})

    assert (reply.status, list(reply.json())) == (400, ["error"])
    assert not UserProfile.objects.exists()


def test_assignment_no_database_can_hold_is_refused(home: Agent, experiment: Experiment) -> None:
    arm = experiment.variations.get(key="treatment")
    bucket_map = {experiment.datafile_id: entry(arm.datafile_id)}

    reply = home.post("/v1/save", {"userId": "u" * 256, "experimentBucketMap": bucket_map})

    assert reply.status == 400
    assert not Assignment.objects.exists()


def test_empty_name_of_a_service_means_the_configured_one(rich: Agent, settings: Any) -> None:
    settings.AGENT_PROFILES = IN_MEMORY
    rich.headers["X-Optimizely-UPS-Name"] = ""

    arm_in_flag = rich.post("/v1/decide?keys=main_flag", {"userId": "ada"}).json()["variationKey"]

    assert arm_in_flag
    assert rich.post("/v1/lookup", {"userId": "ada"}).json()["experimentBucketMap"]
