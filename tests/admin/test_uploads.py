"""What researchers bring as files, and what they take away: designs, strata, enrolments."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from decisions import lifecycle
from experiments.models import Experiment, Project
from tests import builders
from tests.admin import pages
from tests.wire.upgrade import base
from tests.wire.upgrade.client import School
from users.models import ExperimentUser, StratumValue


@pytest.fixture(autouse=True)
def shop(db: None) -> None:
    """No demo: every test here makes what it speaks of."""


UPLOAD = "/admin/experiments/experiment/designs/"
STRATA = "/admin/users/stratumvalue/"
UID = "0f8e4bb4-6f0b-4a05-9d9a-2c8a6d7f1b11"


def design(**fields: Any) -> dict[str, Any]:
    conditions = [
        {"id": f"11111111-0000-4000-8000-00000000000{n}", "conditionCode": code, "assignmentWeight": 50, "order": n}
        for n, code in enumerate(("A", "B"))
    ]
    points = [{"id": "22222222-0000-4000-8000-000000000000", "site": "lesson", "target": "one", "order": 1}]
    whole = {"id": UID, "name": "Hints", "context": ["school"], "filterMode": "includeAll", "consistencyRule": "group"}
    return {**whole, "conditions": conditions, "partitions": points, **fields}


def send(client: Client, *designs: Any, button: str = "import", **fields: str) -> Any:
    files = [SimpleUploadedFile(f"{n}.json", json.dumps(each).encode()) for n, each in enumerate(designs)]
    return client.post(UPLOAD, {"designs": files, "state": "", button: "on", **fields}, follow=True)


def test_a_trial_stores_nothing_and_says_what_would_be_made(researcher: Client) -> None:
    response = send(researcher, design(context=["school", "home"]), button="try")

    page = response.content.decode()
    assert "Nothing was stored. An import would bring:" in page
    assert f"experiment Hints ({UID}) in school: made, inactive" in page
    assert "it has several contexts; it is imported into school only" in page
    assert not Project.objects.filter(key="school").exists()


def test_after_a_trial_the_same_files_are_imported_without_choosing_them_again(researcher: Client) -> None:
    tried = send(researcher, design(), button="try", state="running")
    form = pages.fields_of(tried.content.decode(), "upload_form")

    researcher.post(UPLOAD, {**form, "import": "on"})

    assert Experiment.objects.get(uid=UID).status == "running"


def test_what_one_researcher_tried_is_not_another_s(researcher: Client, django_user_model: Any) -> None:
    tried = send(researcher, design(), button="try")
    form = pages.fields_of(tried.content.decode(), "upload_form")
    other = Client()
    other.force_login(django_user_model.objects.create_superuser("other"))

    response = other.post(UPLOAD, {**form, "import": "on"})

    assert "Choose at least one file." in pages.errors(response)
    assert not Experiment.objects.filter(uid=UID).exists()


def test_an_imported_experiment_is_given_to_learners(researcher: Client, client: Client) -> None:
    response = send(researcher, design(), state="running")

    assert f"Experiment Hints ({UID}) in school: made, running" in pages.told(response)
    school = School(client)
    school.init("student1")
    assert [item["site"] for item in school.assign("student1", "school")] == ["lesson"]


def test_of_several_files_all_are_stored_or_none(researcher: Client) -> None:
    response = send(researcher, design(), {"name": "broken"})

    assert "broken" in pages.errors(response)
    assert not Experiment.objects.filter(uid=UID).exists()


def test_a_design_that_is_here_is_replaced_only_when_that_is_asked_for(researcher: Client) -> None:
    send(researcher, design())

    refused = send(researcher, design(name="Other hints"))
    allowed = send(researcher, design(name="Other hints"), update="on")

    assert "ask for its design to be replaced" in pages.errors(refused)
    assert pages.errors(allowed) == ""
    assert Experiment.objects.get(uid=UID).name == "Other hints"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"PK\x03\x04nothing", b"\xff\xfe\x00", b"[" * 20_000])
def test_a_file_that_is_no_design_is_told_in_words(researcher: Client, content: bytes) -> None:
    upload = SimpleUploadedFile("file.json", content)

    response = researcher.post(UPLOAD, {"designs": [upload], "import": "on"})

    assert response.status_code == 200
    assert pages.errors(response) != ""


def test_files_that_are_too_large_are_refused(researcher: Client, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000

    response = send(researcher, design(description="x" * 600), design(description="x" * 600))

    assert "This is larger than" in pages.errors(response)


def test_who_may_not_edit_may_not_import(visitor: Client) -> None:
    assert visitor.get(UPLOAD).status_code == 403
    assert send(visitor, design()).status_code == 403


def test_a_design_is_taken_away_as_it_was_brought(researcher: Client) -> None:
    send(researcher, design())
    experiment = Experiment.objects.get(uid=UID)

    answer = researcher.get(f"/admin/experiments/experiment/{experiment.pk}/design.json")

    assert answer["Content-Disposition"] == f'attachment; filename="{UID}.json"'
    given = answer.json()
    assert (given["id"], given["context"], given["consistencyRule"]) == (UID, ["school"], "group")
    assert [each["conditionCode"] for each in given["conditions"]] == ["A", "B"]


def test_enrolments_are_taken_away_as_a_table(researcher: Client, school: School) -> None:
    experiment = base.design(project=builders.project())
    lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)
    school.init("student1")
    school.mark("student1", *base.P1, "ConditionB", experiment=experiment.uid)

    answer = researcher.get(f"/admin/experiments/experiment/{experiment.pk}/enrolments.csv")

    (row,) = csv.DictReader(StringIO(answer.getvalue().decode()))
    assert (row["UserId"], row["ConditionName"], row["Target"]) == ("student1", "ConditionB", "W1")


def test_downloads_need_the_permission_to_look(visitor: Client, client: Client) -> None:
    shop = builders.experiment(project=builders.project())
    for way in ("design.json", "enrolments.csv", "results/"):
        page = f"/admin/experiments/experiment/{shop.pk}/{way}"
        assert visitor.get(page).status_code == 200
        assert client.get(page).status_code == 302
        assert visitor.get(f"/admin/experiments/experiment/999999/{way}").status_code == 404


@pytest.fixture
def school(client: Client) -> School:
    return School(client)


def upload_strata(client: Client, text: str | bytes) -> Any:
    content = text.encode() if isinstance(text, str) else text
    return client.post(f"{STRATA}upload/", {"table": [SimpleUploadedFile("t.csv", content)]}, follow=True)


def _values() -> set[tuple[str, str, str]]:
    return set(StratumValue.objects.values_list("user__external_id", "factor", "value"))


def test_a_table_of_strata_makes_its_people_known(researcher: Client) -> None:
    response = upload_strata(researcher, "\ufeffuuid,knowledge,language\nann,high,\nben,low,nl\n\n")

    assert "3 values of knowledge, language were stored; 2 people were unknown so far." in pages.told(response)
    assert _values() == {("ann", "knowledge", "high"), ("ben", "knowledge", "low"), ("ben", "language", "nl")}
    assert set(ExperimentUser.objects.filter(external_id__in=["ann", "ben"]).values_list("groups")) == {(None,)}


def test_a_second_table_changes_what_it_says_and_keeps_the_rest(researcher: Client, school: School) -> None:
    upload_strata(researcher, "uuid,knowledge,language\nann,high,nl\nben,low,nl\n")
    school.send("PATCH", "useraliases", "ann", {"aliases": ["annie"]})

    upload_strata(researcher, "uuid,knowledge\nannie,low\n")

    assert ("ann", "knowledge", "low") in _values()
    assert ("ann", "language", "nl") in _values()
    assert not ExperimentUser.objects.filter(external_id="annie").exists()


def test_a_table_that_is_taken_away_holds_no_formulas_and_can_be_brought_back(researcher: Client) -> None:
    upload_strata(researcher, "uuid,skill\n=1+1,-2\n")
    response: Any = researcher.get(f"{STRATA}table.csv?factor=skill")
    taken = b"".join(response.streaming_content)
    StratumValue.objects.all().delete()

    upload_strata(researcher, taken)

    assert taken == b"uuid,skill\n'=1+1,'-2\n"
    assert _values() == {("=1+1", "skill", "-2")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The submitted file is empty."),
        ("\n", "The first line names the columns"),
        ("uuid\nann\n", "The first line names the columns"),
        ("uuid,a,a\nann,1,2\n", "Two columns are called a."),
        ("uuid,\nann,1\n", "A column has no name"),
        ("uuid,a\nann\n", "Line 2 should have a user id and 1 values."),
        ("uuid,a\n,1\n", "Line 2 should have a user id"),
        (f"uuid,a\nann,{'x' * 300}\n", "Line 2: "),
        ("uuid,a\nan\x00n,1\n", "Line 2: "),
        (b"uuid,a\n\xff,1\n", "is not UTF-8 text"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_words(researcher: Client, text: str | bytes, words: str) -> None:
    response = upload_strata(researcher, text)

    assert response.status_code == 200
    assert words in pages.errors(response)
    assert _values() == set()


def test_a_factor_is_downloaded_and_dropped(researcher: Client, visitor: Client) -> None:
    upload_strata(researcher, "uuid,knowledge,language\nann,high,nl\nben,low,nl\n")

    table = visitor.get(f"{STRATA}table.csv", {"factor": "knowledge"}).getvalue().decode()
    assert table.splitlines() == ["uuid,knowledge", "ann,high", "ben,low"]
    assert visitor.post(f"{STRATA}forget/", {"factor": "knowledge"}).status_code == 403
    researcher.post(f"{STRATA}forget/", {"factor": "knowledge"})

    assert {factor for _, factor, _ in _values()} == {"language"}
    assert "nl: 2" in researcher.get(STRATA).content.decode()


def test_a_stratified_experiment_draws_by_the_table(researcher: Client, school: School) -> None:
    upload_strata(researcher, "uuid,level\n" + "".join(f"u{n},{'high' if n % 2 else 'low'}\n" for n in range(40)))
    design = {"unit": "individual", "algorithm": "stratified", "stratification_factor": "level"}
    experiment = base.design(project=builders.project(), design=design, weights={"A": "0.5", "B": "0.5"})
    lifecycle.change_status(experiment=experiment, to="running", now=builders.NOW)

    counts: dict[tuple[int, str], int] = {}
    for n in range(40):
        shown = school.codes(f"u{n}")[base.P1]
        school.mark(f"u{n}", *base.P1, shown)
        counts[n % 2, shown] = counts.get((n % 2, shown), 0) + 1

    assert all(abs(counts[parity, "A"] - counts[parity, "B"]) <= 4 for parity in (0, 1))


def test_who_may_only_look_may_not_upload(visitor: Client) -> None:
    assert visitor.get(STRATA).status_code == 200
    assert upload_strata(visitor, "uuid,a\nann,1\n").status_code == 403
