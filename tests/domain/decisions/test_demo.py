"""The demo: made once, on an empty database only, and truthful."""

import json
import shlex
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from decisions import demo, drafts
from experiments.models import Experiment, Project

NOW = datetime.now(UTC)
BASE = "http://demo.test"


@pytest.fixture
def seeded(db: None) -> None:
    assert demo.seed(testlab_project="testlab", now=NOW)


def test_a_second_seed_changes_nothing(seeded: None) -> None:
    before = list(Project.objects.values_list("pk", "revision", "generation"))

    assert not demo.seed(testlab_project="testlab", now=NOW)
    assert list(Project.objects.values_list("pk", "revision", "generation")) == before


def test_a_database_with_a_project_is_left_alone(db: None) -> None:
    Project.objects.create(key="mine", name="Mine")

    assert not demo.seed(testlab_project="testlab", now=NOW)
    assert [project.key for project in Project.objects.all()] == ["mine"]


def test_a_seed_that_fails_leaves_nothing_behind(db: None) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        demo.seed(testlab_project=demo.KEY, now=NOW)

    assert not Project.objects.exists()


def test_everything_of_the_demo_runs_and_is_published(seeded: None) -> None:
    assert {row.status for row in Experiment.objects.all()} == {"running"}
    for project in Project.objects.all():
        assert drafts.of_project(project=project).changes == ()


def test_the_command_says_what_it_did(db: None) -> None:
    said = StringIO()

    call_command("seed_demo", stdout=said)
    call_command("seed_demo", stdout=said)

    assert said.getvalue().splitlines() == ["The demo is seeded.", "There are projects already: nothing was done."]


def _run(client: Client, command: str) -> object:
    """What a `curl` command of the demo answers, asked of the test client."""
    words = shlex.split(command)
    address = next(word for word in words if word.startswith(BASE)).removeprefix(BASE)
    given = [words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H"]
    body = words[words.index("-d") + 1] if "-d" in words else None
    headers = {name: value for name, value in given if name != "Content-Type"}
    if body is None:
        return json.loads(client.get(address, headers=headers).content)
    return json.loads(client.post(address, body, content_type="application/json", headers=headers).content)


def test_what_there_is_to_try_works_and_tells_one_arm(seeded: None, client: Client) -> None:
    commands = dict(demo.things_to_try(BASE))
    answers = {title: [_run(client, part) for part in line.split(" && ")][-1] for title, line in commands.items()}

    agent, upgrade, testlab, services = answers.values()
    assert isinstance(agent, dict)
    assert isinstance(upgrade, list)
    assert isinstance(testlab, dict)
    assert isinstance(services, list)
    arms = {item["site"]: item["assignedCondition"][0]["conditionCode"] for item in upgrade}
    assert arms["checkout"] == agent["variationKey"]
    assert [feature["name"] for feature in testlab["experiments"] + testlab["toggles"]] == [
        "Banner colour",
        "Dark mode",
    ]
    assert str(demo.SERVICE_UID) in [service["id"] for service in services]


def test_who_tries_out_test_lab_has_user_blocks_to_give(seeded: None, client: Client) -> None:
    mine = {"type_id": 3, "name": "mine", "start_date": "today", "end_date": "2099-01-01", "user_percentage": 0.5}

    made = client.post("/api/feature", mine, content_type="application/json").json()

    blocks = client.get("/api/feature/current").json()["userblocks"]
    assert sum(block["feature_id"] == made["id"] for block in blocks) == 10
