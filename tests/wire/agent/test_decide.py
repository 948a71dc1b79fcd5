"""`POST /v1/decide` (agent contract §1.4, §4.4)."""

from typing import Any

import pytest

from decisions import deciding
from events.models import Exposure
from experiments.models import Experiment
from tests import builders
from tests.wire.agent.calling import Agent
from users.models import Assignment, ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment() -> Experiment:
    project = builders.project(sdk_key="homekey")
    made = builders.experiment(project=project)
    builders.flag(project=project, rules=[made])
    return builders.started(made)


@pytest.fixture
def home(experiment: Experiment) -> Agent:
    return Agent("homekey")


def other_arm(experiment: Experiment, key: str) -> Any:
    return experiment.variations.exclude(key=key).get()


def decide(agent: Agent, user: str, **fields: Any) -> Any:
    return agent.post("/v1/decide?keys=button_flag", {"userId": user, **fields}).json()


def test_remembered_arm_is_decided(home: Agent, experiment: Experiment) -> None:
    drawn = decide(home, "ada")["variationKey"]
    other = other_arm(experiment, drawn)
    deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id="ada",
        variation_id=other.pk,
        method=Assignment.Method.CLIENT,
        now=builders.NOW,
    )

    assert decide(home, "ada")["variationKey"] == other.key
    assert decide(home, "ada", decideOptions=["INCLUDE_REASONS"])["variationKey"] == other.key
    assert decide(home, "ada", decideOptions=["IGNORE_USER_PROFILE_SERVICE"])["variationKey"] == drawn


def test_alias_gets_the_arm_of_the_person_and_is_repeated_as_sent(home: Agent, experiment: Experiment) -> None:
    drawn = {name: decide(home, name)["variationKey"] for name in ("ada", "b1", "b2", "b3", "b4", "b5", "b6")}
    alias = next(name for name in drawn if drawn[name] != drawn["ada"])
    UserAlias.objects.create(alias=alias, user=ExperimentUser.objects.create(external_id="ada"))
    builders.republished(experiment.project)

    reply = decide(home, alias)

    assert (reply["variationKey"], reply["userContext"]["userId"]) == (drawn["ada"], alias)
    assert Exposure.objects.order_by("-id")[0].user_id == "ada"


def test_decision_is_an_exposure(home: Agent, experiment: Experiment) -> None:
    reply = decide(home, "ada", userAttributes={"age": 30})

    stored = Exposure.objects.get()
    arm = experiment.variations.get(key=reply["variationKey"])
    assert (stored.source, stored.user_id, stored.experiment_id) == ("agent", "ada", experiment.pk)
    assert (stored.variation_id, stored.variation_key) == (arm.pk, arm.key)
    assert (stored.flag_key, stored.rule_key, stored.rule_type) == ("button_flag", "button", "feature-test")
    assert stored.payload["attributes"] == {"age": 30}


def test_declined_event_is_no_exposure(home: Agent) -> None:
    decide(home, "ada", decideOptions=["DISABLE_DECISION_EVENT"])

    assert not Exposure.objects.exists()


def test_unknown_flag_is_no_exposure(home: Agent) -> None:
    home.post("/v1/decide?keys=nothing", {"userId": "ada"})

    assert not Exposure.objects.exists()


def test_rollout_is_an_exposure_only_where_the_datafile_asks(rich: Agent, legacy: Agent) -> None:
    legacy.post("/v1/decide?keys=legacy_rollout", {"userId": "u1", "userAttributes": {"browser": "chrome"}})
    assert not Exposure.objects.exists()

    rich.post("/v1/decide?keys=rollout_only", {"userId": "user_1"})

    assert Exposure.objects.get().rule_type == "rollout"


def test_field_names_are_read_in_any_case(rich: Agent) -> None:
    plain = {"userId": "user_1", "forcedDecisions": [{"flagKey": "main_flag", "variationKey": "treat"}]}
    shouted = {"USERID": "user_1", "forceddecisions": [{"FLAGKEY": "main_flag", "variationkey": "treat"}]}

    replies = [rich.post("/v1/decide?keys=main_flag", body) for body in (plain, shouted)]

    assert replies[0].json()["variationKey"] == "treat"
    assert replies[0].text == replies[1].text


def test_null_fields_are_zero_values(rich: Agent) -> None:
    names = ("userAttributes", "decideOptions", "forcedDecisions", "fetchSegments", "fetchSegmentsOptions")

    reply = rich.post("/v1/decide?keys=no_rollout", {"userId": "a", **dict.fromkeys(names)})

    assert (reply.status, reply.json()["userContext"]) == (200, {"userId": "a", "attributes": {}})


def test_unknown_option_is_named(rich: Agent) -> None:
    reply = rich.post("/v1/decide", {"userId": "a", "decideOptions": ["INCLUDE_REASONS", "SOMETHING"]})

    assert (reply.status, reply.json()) == (400, {"error": "invalid option: SOMETHING"})


def test_enabled_flags_only_filters_lists_and_never_one_decision(rich: Agent) -> None:
    body = {"userId": "user_1", "decideOptions": ["ENABLED_FLAGS_ONLY"]}

    one = rich.post("/v1/decide?keys=no_rollout", body).json()
    two = rich.post("/v1/decide?keys=no_rollout&keys=zzz", body).json()

    assert (one["flagKey"], two) == ("no_rollout", [])


@pytest.mark.parametrize("number", ["12345678901234567890", "5.0", "1e21", "-0.0", "9007199254740993"])
def test_numbers_pass_through_as_doubles(rich: Agent, number: str) -> None:
    rendered = {
        "12345678901234567890": "12345678901234567000",
        "5.0": "5",
        "1e21": "1e+21",
        "-0.0": "-0",
        "9007199254740993": "9007199254740992",
    }

    reply = rich.post("/v1/decide?keys=zz", f'{{"userId":"a","userAttributes":{{"n":{number}}}}}')

    assert f'"attributes":{{"n":{rendered[number]}}}' in reply.text


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"userId":"a"} x',
        "[]",
        '"a"',
        '{"userId":["a"]}',
        '{"userId":"a","userAttributes":[1]}',
        '{"userId":"a","userAttributes":' + '{"a":' * 900 + "1" + "}" * 901,
        '{"userId":"a","userAttributes":' + '{"a":' * 90_000,
        '{"userId":"a\\ud800"}',
        b'{"userId":"\xff"}',
        '{"userId":"a","userAttributes":{"x":NaN}}',
        '{"userId":"a\\u0000"}',
        '{"userId":"' + "a" * 300 + '"}',
    ],
)
def test_bad_body_is_refused_and_nothing_stored(home: Agent, body: str | bytes) -> None:
    reply = home.post("/v1/decide?keys=button_flag", body)

    assert (reply.status, list(reply.json())) == (400, ["error"])
    assert not Exposure.objects.exists()


def test_body_above_the_limit_is_refused(rich: Agent, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000

    reply = rich.post("/v1/decide", {"userId": "a" * 2000})

    assert (reply.status, reply.json()) == (413, {"error": "request body too large"})


def test_key_that_a_client_did_not_escape_is_read_as_utf8(home: Agent) -> None:
    escaped, plain = (home.post(f"/v1/decide?keys={key}", {"userId": "ada"}) for key in ("caf%C3%A9", "café"))

    assert plain.json() == escaped.json()
    assert plain.json()["flagKey"] == "café"
