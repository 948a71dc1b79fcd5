"""`manage.py import_datafile`: a mirrored project from a file, or the path of the fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from experiments.models import Project
from tests import builders
from tests.wire.agent.calling import DATA, Agent

pytestmark = pytest.mark.django_db

PUBLIC = sorted((DATA / "public_datafiles").glob("*.json"))


def document() -> Any:
    return json.loads((DATA / "datafile_holdouts.json").read_text())


def refused(tmp_path: Path, body: object, *options: str) -> str:
    file = tmp_path / "datafile.json"
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    with pytest.raises(CommandError) as refusal:
        call_command("import_datafile", str(file), "--sdk-key", "KEY1", *options)
    assert not Project.objects.exists()
    return str(refusal.value)


@pytest.mark.parametrize("file", PUBLIC, ids=lambda file: file.stem)
def test_public_datafile_is_served_under_its_key(file: Path) -> None:
    call_command("import_datafile", str(file), "--sdk-key", file.stem, "--project", "theirs")

    agent = Agent(file.stem)
    assert agent.get("/v1/datafile").json() == json.loads(file.read_text())
    assert agent.get(f"/datafiles/{file.stem}.json").json() == json.loads(file.read_text())
    assert agent.post("/v1/decide", {"userId": "ada"}).status == 200
    assert Project.objects.get().key == "theirs"


def test_importing_again_replaces(tmp_path: Path) -> None:
    file = tmp_path / "datafile.json"
    for revision in ("3", "4"):
        file.write_text(json.dumps(document() | {"revision": revision}))
        call_command("import_datafile", str(file), "--sdk-key", "KEY1")

    assert Agent("KEY1").get("/v1/config").json()["revision"] == "4"
    assert Project.objects.count() == 1


def test_dangling_id_is_named_by_its_path_and_refused_if_wished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = document()
    body["featureFlags"][0]["rolloutId"] = "nope"
    told = 'featureFlags[0].rolloutId: there is no rollout "nope"'

    assert told in refused(tmp_path, body, "--strict")

    call_command("import_datafile", str(tmp_path / "datafile.json"), "--sdk-key", "KEY1")
    assert f"Tolerated: {told}" in capsys.readouterr().err
    assert Agent("KEY1").post("/v1/decide", {"userId": "ada"}).status == 200


def test_wrong_type_is_named_by_its_path(tmp_path: Path) -> None:
    body = document()
    body["experiments"][0]["variations"][0]["id"] = 5

    assert refused(tmp_path, body).startswith("experiments[0].variations[0].id")


@pytest.mark.parametrize("body", ["{", "[]", "", '{"version":"3"}', "[" * 100_000])
def test_what_is_no_datafile_is_refused(tmp_path: Path, body: str) -> None:
    assert refused(tmp_path, body)


@pytest.mark.parametrize("conditions", ['["or",' * 5000 + "1" + "]" * 5000, "["])
def test_audience_that_cannot_be_read_lets_nobody_in(tmp_path: Path, conditions: str) -> None:
    body = document()
    body["typedAudiences"] = [{"id": "9", "name": "deep", "conditions": conditions}]
    body["experiments"][0] |= {"audienceIds": ["9"], "audienceConditions": None}

    assert "typedAudiences[0]" in refused(tmp_path, body, "--strict")

    call_command("import_datafile", str(tmp_path / "datafile.json"), "--sdk-key", "KEY1")
    key = body["experiments"][0]["key"]
    (item,) = Agent("KEY1").post(f"/v1/activate?experimentKey={key}", {"userId": "ada"}).json()
    assert item["enabled"] is False


def test_audience_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    body = document()
    tree: Any = {"name": "a", "type": "custom_attribute", "match": "exists"}
    for _ in range(500):
        tree = ["or", tree]
    body["typedAudiences"] = [{"id": "9", "name": "deep", "conditions": tree}]

    assert refused(tmp_path, body).startswith("typedAudiences[0].conditions")


def test_edited_project_is_never_replaced(tmp_path: Path) -> None:
    builders.project(sdk_key="KEY1")

    with pytest.raises(CommandError, match="edited here"):
        call_command("import_datafile", str(DATA / "datafile_holdouts.json"), "--sdk-key", "KEY1")


def test_taken_key_is_refused() -> None:
    builders.project(key="home", sdk_key="OTHER")

    with pytest.raises(CommandError, match="home"):
        call_command("import_datafile", str(DATA / "datafile_holdouts.json"), "--sdk-key", "K", "--project", "home")


@pytest.mark.parametrize("key", ["", "a-b"])
def test_bad_sdk_key_is_refused(key: str) -> None:
    with pytest.raises(CommandError, match="SDK key"):
        call_command("import_datafile", str(DATA / "datafile_holdouts.json"), "--sdk-key", key)
