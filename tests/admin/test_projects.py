"""A project's page: access tokens, and datafiles of somebody else that are taken in by upload."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from experiments import access
from experiments.models import Project
from tests.admin import pages

TAKE_IN = "/admin/experiments/project/take-in/"
DATAFILE = {
    "version": "4", "accountId": "1", "projectId": "2", "revision": "7", "sdkKey": "theirs", "environmentKey": "",
    "attributes": [], "events": [], "audiences": [], "typedAudiences": [], "experiments": [], "groups": [],
    "featureFlags": [], "rollouts": [], "variables": [], "holdouts": [], "integrations": [], "anonymizeIP": True,
}  # fmt: skip


def take_in(client: Client, body: bytes, **fields: str) -> Any:
    upload = SimpleUploadedFile("datafile.json", body, content_type="application/json")
    return client.post(TAKE_IN, {"sdk_key": "theirs", "datafile": upload, **fields}, follow=True)


def test_an_uploaded_datafile_is_served_to_its_sdk_key(researcher: Client, client: Client) -> None:
    response = take_in(researcher, json.dumps(DATAFILE).encode(), key="mirror")

    assert "now decide by the datafile you sent" in pages.told(response)
    assert "mirrors somebody else's datafile" in response.content.decode()
    assert Project.objects.get(key="mirror").source == "mirrored"
    assert client.get("/v1/datafile", headers={"X-Optimizely-SDK-Key": "theirs"}).json()["revision"] == "7"


def test_a_second_upload_replaces_the_first(researcher: Client, client: Client) -> None:
    take_in(researcher, json.dumps(DATAFILE).encode())

    take_in(researcher, json.dumps(DATAFILE | {"revision": "8"}).encode())

    assert client.get("/v1/datafile", headers={"X-Optimizely-SDK-Key": "theirs"}).json()["revision"] == "8"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "must be an object"),
        (b'{"version": "2"}', "version"),
        (b"[" * 100_000, "not JSON"),
        (b"", "empty"),
    ],
)
def test_what_is_no_datafile_is_refused_in_words(researcher: Client, body: bytes, complaint: str) -> None:
    response = take_in(researcher, body)

    assert response.status_code == 200
    assert complaint in pages.errors(response)
    assert not Project.objects.filter(sdk_key="theirs").exists()


@pytest.mark.parametrize("sdk_key", ["demo123", "a-b", ""])
def test_the_key_of_a_project_that_is_edited_here_is_refused(researcher: Client, sdk_key: str) -> None:
    response = take_in(researcher, json.dumps(DATAFILE).encode(), sdk_key=sdk_key)

    assert pages.errors(response) != ""
    assert Project.objects.get(key="demo").source == "authored"


def test_who_may_only_look_takes_in_nothing(visitor: Client) -> None:
    assert take_in(visitor, json.dumps(DATAFILE).encode()).status_code == 403
    assert visitor.get(TAKE_IN).status_code == 403


def test_an_access_token_is_shown_once_and_guards_the_datafile(researcher: Client, client: Client) -> None:
    project = Project.objects.get(key="demo")
    ask = {"X-Optimizely-SDK-Key": "demo123"}
    assert client.get("/v1/datafile", headers=ask).status_code == 200

    response = researcher.post(f"/admin/experiments/project/{project.pk}/do/token/", follow=True)

    token = pages.told(response).split(" is ")[1].split(" ")[0]
    project.refresh_from_db()
    assert access.admits(project.access_token_hash, token)
    assert client.get("/v1/datafile", headers=ask).status_code == 403
    assert client.get("/v1/datafile", headers={"X-Optimizely-SDK-Key": f"demo123:{token}"}).status_code == 200
    assert token not in researcher.get(f"/admin/experiments/project/{project.pk}/change/").content.decode()


def test_an_access_token_is_removed(researcher: Client, client: Client) -> None:
    project = Project.objects.get(key="demo")
    researcher.post(f"/admin/experiments/project/{project.pk}/do/token/")

    researcher.post(f"/admin/experiments/project/{project.pk}/do/tokenless/")

    assert client.get("/v1/datafile", headers={"X-Optimizely-SDK-Key": "demo123"}).status_code == 200


def test_pressed_buttons_are_in_the_history_of_the_page(researcher: Client) -> None:
    project = Project.objects.get(key="demo")
    researcher.post(f"/admin/experiments/project/{project.pk}/do/publish/")

    history = researcher.get(f"/admin/experiments/project/{project.pk}/history/").content.decode()

    assert "Pressed publish." in history
