"""Experiments that a datafile cannot say: the server's own decisions know them, or say that they cannot (design §3)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from decisions import deciding, snapshots
from decisions.drawing import assigning
from decisions.engine import Subject
from events.models import Exposure
from experiments.models import Experiment, Project
from tests import builders
from tests.wire.agent.calling import Agent
from users import people
from users.people import Change

pytestmark = pytest.mark.django_db

KEY = "BEYOND1"
BY_CLASS = {"unit": "group", "group_type": "class", "consistency": "group"}
WITH_REASONS = ["INCLUDE_REASONS"]


@pytest.fixture
def project(db: None) -> Project:
    return builders.project(sdk_key=KEY)


@pytest.fixture
def agent() -> Agent:
    return Agent(KEY)


def flagged(project: Project, *, design: Mapping[str, Any] | None = None, **fields: Any) -> Experiment:
    """A running experiment that a flag delivers."""
    experiment = builders.experiment(project=project, design=design, points=[("site", "target")], **fields)
    builders.flag(project=project, rules=[experiment])
    return builders.started(experiment)


def learn(user_id: str, group: str | None = None) -> None:
    groups = {"class": [group]} if group else None
    working = {"class": group} if group else None
    people.register(user_id=user_id, change=Change(True, groups, True, working), now=builders.NOW)


def assigned(experiment: Experiment, user_id: str) -> str:
    """What an UpGrade client of the same person is given."""
    snapshot = snapshots.for_project(experiment.project_id)
    given = assigning.assign(snapshot=snapshot, user_id=user_id, now=builders.NOW)
    arm = given[0].plan.arm(given[0].arms[0]) if given else None
    return arm.key if arm else ""


def decide(agent: Agent, user: str, **fields: Any) -> Any:
    reply = agent.post("/v1/decide?keys=button_flag", {"userId": user, **fields})
    assert reply.status == 200, reply.text
    return reply.json()


def test_upgrades_draw_is_decided_as_upgrade_decides_it(project: Project, agent: Agent) -> None:
    experiment = flagged(project, bucketing="seedrandom")
    names = [f"student{number}" for number in range(20)]
    for name in names[:10]:
        learn(name)

    decided = {name: decide(agent, name)["variationKey"] for name in names}

    assert all(decided[name] == assigned(experiment, name) for name in names[:10])
    assert set(decided.values()) == {"control", "treatment"}


def test_class_has_one_arm_and_who_has_no_class_is_unknown(project: Project, agent: Agent) -> None:
    experiment = flagged(project, design=BY_CLASS)
    for name, group in (("ada", "c1"), ("ben", "c1"), ("cid", None)):
        learn(name, group)

    assert decide(agent, "ada")["variationKey"] == decide(agent, "ben")["variationKey"] == assigned(experiment, "ada")
    for name in ("cid", "stranger"):
        reply = decide(agent, name, decideOptions=WITH_REASONS)
        assert (reply["variationKey"], reply["ruleKey"][:8]) == ("off", "default-")
        said = f'UNIT_UNKNOWN: too little is known of user "{name}" to decide experiment "button".'
        assert said in reply["reasons"]


def test_exposure_names_the_rows(project: Project, agent: Agent) -> None:
    experiment = flagged(project, design=BY_CLASS)
    learn("ada", "c1")

    arm = decide(agent, "ada")["variationKey"]

    [exposure] = Exposure.objects.all()
    assert (exposure.experiment_id, exposure.variation_id) == (experiment.pk, experiment.variations.get(key=arm).pk)


def test_reasons_and_ways_to_ask_lead_to_the_same_arm(project: Project, agent: Agent, settings: Any) -> None:
    flagged(project, design=BY_CLASS)
    learn("ada", "c1")
    plain = decide(agent, "ada")["variationKey"]

    told = decide(agent, "ada", decideOptions=["INCLUDE_REASONS", "IGNORE_USER_PROFILE_SERVICE"])
    [item] = agent.post("/v1/activate?experimentKey=button", {"userId": "ada"}).json()
    [feature] = agent.post("/v1/activate?featureKey=button_flag", {"userId": "ada"}).json()
    [every] = agent.post("/v1/decide", {"userId": "ada"}).json()
    settings.AGENT_OVERRIDES = True

    assert plain in ("control", "treatment")
    assert {told["variationKey"], item["variationKey"], feature["variationKey"], every["variationKey"]} == {plain}
    assert not any("previously bucketed" in reason for reason in told["reasons"])
    assert decide(agent, "ada")["variationKey"] == plain


def test_local_sdks_do_not_see_it(project: Project, agent: Agent) -> None:
    flagged(project, design=BY_CLASS)

    datafile, config = agent.get("/v1/datafile").json(), agent.get("/v1/config").json()

    assert datafile["experiments"] == []
    assert datafile["featureFlags"][0]["experimentIds"] == []
    assert config["experimentsMap"] == config["featuresMap"]["button_flag"]["experimentsMap"] == {}
    assert agent.post("/v1/activate?type=experiment", {"userId": "ada"}).json() == []


def test_listed_people_are_out_and_the_list_of_a_class_makes_strangers_unknown(project: Project, agent: Agent) -> None:
    experiment = builders.experiment(project=project)
    builders.flag(project=project, rules=[experiment])
    builders.listed(experiment=experiment, mode="exclude", users=["ada"])
    builders.started(experiment)

    assert decide(agent, "ada")["variationKey"] == "off"
    assert decide(agent, "stranger")["variationKey"] in ("control", "treatment")

    builders.listed(experiment=experiment, mode="exclude", groups=[("class", "c1")])
    builders.republished(project)
    learn("ben", "c2")
    learn("cid", "c1")

    assert decide(agent, "ben")["variationKey"] in ("control", "treatment")
    assert decide(agent, "cid")["variationKey"] == "off"
    reply = decide(agent, "stranger", decideOptions=WITH_REASONS)
    assert reply["variationKey"] == "off"
    assert any(reason.startswith("UNIT_UNKNOWN") for reason in reply["reasons"])


def test_attributes_of_the_call_count_for_its_audience(project: Project, agent: Agent) -> None:
    rule = ["or", {"name": "country", "match": "exact", "value": "US"}]
    audience = builders.segment(project=project, rule=rule)
    flagged(project, bucketing="seedrandom", audience=audience)

    assert decide(agent, "ada")["variationKey"] == "off"
    assert decide(agent, "ada", userAttributes={"country": "US"})["variationKey"] in ("control", "treatment")


def test_within_subjects_nobody_has_one_arm(project: Project, agent: Agent) -> None:
    flagged(project, design={"unit": "within_subjects", "consistency": ""})
    learn("ada")

    reply = decide(agent, "ada", decideOptions=WITH_REASONS)

    assert reply["variationKey"] == "off"
    assert any(reason.startswith("UNIT_UNKNOWN") for reason in reply["reasons"])


def test_delivery_to_the_members_of_a_segment_is_given_to_them(project: Project, agent: Agent) -> None:
    testers = builders.members(segment=builders.segment(project=project), users=["ada"])
    delivery = builders.experiment(project=project, kind="delivery", key="beta", weights={"beta": 1}, audience=testers)
    builders.flag(project=project, rules=[delivery])
    builders.started(delivery)

    found = {user: decide(agent, user, decideOptions=WITH_REASONS) for user in ("ada", "ben")}

    assert (found["ada"]["variationKey"], found["ada"]["ruleKey"]) == ("beta", "beta")
    assert found["ben"]["variationKey"] == "off"
    assert {user: decide(agent, user)["variationKey"] for user in found} == {"ada": "beta", "ben": "off"}


def test_chosen_arm_is_answered_in_spite_of_the_draw(project: Project, agent: Agent) -> None:
    experiment = flagged(project, bucketing="seedrandom")
    other = experiment.variations.exclude(key=decide(agent, "ada")["variationKey"]).get()
    deciding.remember(
        project_id=project.pk,
        experiment_id=experiment.pk,
        user_id="ada",
        variation_id=other.pk,
        method="client",
        now=builders.NOW,
    )

    assert decide(agent, "ada")["variationKey"] == other.key
    snapshot = snapshots.for_project(project.pk)
    arm = deciding.arm(snapshot, snapshot.experiments[experiment.pk], Subject("ada", {}))
    assert arm is not None and arm.key == other.key


def test_override_and_forced_decision_come_before_it(project: Project, agent: Agent, settings: Any) -> None:
    flagged(project, design=BY_CLASS)
    forced = [{"flagKey": "button_flag", "ruleKey": "button", "variationKey": "treatment"}]
    assert decide(agent, "stranger", forcedDecisions=forced)["variationKey"] == "treatment"

    settings.AGENT_OVERRIDES = True
    body = {"userId": "stranger", "experimentKey": "button", "variationKey": "control"}
    assert json.loads(agent.post("/v1/override", body).text)["messages"] is None
    assert decide(agent, "stranger")["variationKey"] == "control"
