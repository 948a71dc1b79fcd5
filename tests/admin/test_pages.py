"""Every page opens, and no page asks the database once per row."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import Event, Exposure, Metric, MetricLog, MetricQuery, Quarantine
from experiments.models import (
    ApiClient,
    Attribute,
    DecisionPoint,
    Experiment,
    ExperimentList,
    Payload,
    Segment,
    SegmentMember,
    Variation,
)
from features.models import Flag, FlagList, FlagRule, UserBlock, Variable, VariableValue
from sampling.models import Condition, Criterion, Sample
from users.models import (
    Assignment,
    Exclusion,
    ExperimentUser,
    ForcedAssignment,
    PointMark,
    PreviewUser,
    StratumValue,
    UserAlias,
    UserProfile,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model: type[models.Model], *rest: str) -> str:
    return "/".join(["/admin", model._meta.app_label, str(model._meta.model_name), *rest, ""])


def one_more_of_everything(number: int, shop: Experiment) -> None:
    """A further row of every kind, all of them on the pages of the same experiment, flag, segment and person."""
    project, name = shop.project, f"row{number}"
    arm = Variation.objects.create(experiment=shop, key=name, weight=Decimal(0), position=number)
    point = DecisionPoint.objects.create(experiment=shop, site=name, target=name)
    Payload.objects.create(variation=arm, decision_point=point, value=name)
    segment = Segment.objects.create(project=project, name=name)
    ExperimentList.objects.create(experiment=shop, segment=segment, mode="include")
    SegmentMember.objects.create(segment=Segment.objects.get(name="Everyone but internal staff"), unit_id=name)
    Attribute.objects.create(project=project, key=name)
    ApiClient.objects.create(client_id=name).projects.add(project)
    other = Experiment.objects.create(project=project, key=name, name=name)
    flag = Flag.objects.get(key="checkout_button")
    FlagRule.objects.create(flag=flag, experiment=other)
    FlagRule.objects.create(flag=Flag.objects.create(project=project, key=name), experiment=shop)
    FlagList.objects.create(flag=flag, segment=segment, mode="include")
    VariableValue.objects.create(variable=Variable.objects.create(flag=flag, key=name), variation=arm, value=name)
    MetricQuery.objects.create(
        experiment=shop, metric=Metric.objects.create(project=project, key=name), name=name, operation="mean"
    )
    _people(name, shop, arm)
    _happenings(name, shop, arm)


def _people(name: str, shop: Experiment, arm: Variation) -> None:
    person = ExperimentUser.objects.create(external_id=name)
    ada, _ = ExperimentUser.objects.get_or_create(external_id="ada")
    UserAlias.objects.create(alias=f"alias of {name}", user=ada)
    Assignment.objects.create(experiment=shop, variation=arm, unit_id=name, assigned_at=NOW)
    Assignment.objects.create(experiment=shop, variation=arm, unit_id="ada", assigned_at=NOW, ended_at=NOW)
    Exclusion.objects.create(experiment=shop, unit_id=name, code="REACHED_PRIOR", excluded_at=NOW)
    PointMark.objects.create(user=person, site="checkout", target="button", marked_at=NOW)
    StratumValue.objects.create(user=person, factor="level", value="high")
    UserProfile.objects.create(project=shop.project, external_id=name)
    preview, _ = PreviewUser.objects.get_or_create(project=shop.project, external_id="ada")
    experiment = Experiment.objects.create(project=shop.project, key=f"{name} forced", name=name)
    ForcedAssignment.objects.create(preview_user=preview, experiment=experiment, variation=arm)
    PreviewUser.objects.create(project=shop.project, external_id=name)


def _happenings(name: str, shop: Experiment, arm: Variation) -> None:
    at: dict[str, Any] = {"occurred_at": NOW, "received_at": NOW, "user_id": name, "source": "agent"}
    place = {"project_id": shop.project_id, "experiment_id": shop.pk, "variation_id": arm.pk}
    Event.objects.create(kind="conversion", key=name, **place, **at)
    Exposure.objects.create(**place, **at)
    MetricLog.objects.create(user_id=name, uniquifier=name, logged_at=NOW)
    Quarantine.objects.create(source="agent", reason=name, payload=name, received_at=NOW)
    Sample.objects.create(experiment=shop, entity="visit", value=name, bucket="control")
    criterion, _ = Criterion.objects.get_or_create(experiment=shop, sampling_model="user", sampling_attribute="id")
    Condition.objects.create(criterion=criterion, model="user", property="age", value=name, condition="==")
    Criterion.objects.create(experiment=shop, sampling_model=name, sampling_attribute="id")


def result_of(page: str) -> str:
    """The rows of a list, without its filters."""
    return page.partition('<table id="result_list">')[2].partition("</table>")[0]


def queries_of(client: Client, pages: list[str]) -> dict[str, int]:
    """How many queries each page needs to open."""
    counted = {}
    for page in pages:
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200, page
        counted[page] = len(queries)
    return counted


def grown(client: Client, shop: Experiment, pages: list[str]) -> dict[str, tuple[int, int]]:
    """The pages that need more queries after six more rows of everything, with both counts."""
    before = queries_of(client, pages)
    for number in range(10, 16):
        one_more_of_everything(number, shop)
    after = queries_of(client, pages)
    return {page: (before[page], after[page]) for page in pages if after[page] > before[page]}


def test_no_list_needs_more_queries_for_more_rows(researcher: Client, shop: Experiment) -> None:
    one_more_of_everything(1, shop)

    assert grown(researcher, shop, [address(model) for model in MODELS]) == {}


def test_no_page_needs_more_queries_for_more_rows(researcher: Client, shop: Experiment) -> None:
    one_more_of_everything(1, shop)
    rows: list[models.Model] = [
        shop,
        shop.project,
        Flag.objects.get(key="checkout_button"),
        Segment.objects.get(name="Everyone but internal staff"),
        ExperimentUser.objects.get(external_id="ada"),
        PreviewUser.objects.get(external_id="ada"),
        Criterion.objects.get(sampling_model="user"),
        *(model._default_manager.order_by("pk")[0] for model in (Event, Assignment, Sample)),
    ]

    assert grown(researcher, shop, [address(type(row), str(row.pk), "change") for row in rows]) == {}


MADE_BY_CLIENTS = {Assignment, Exclusion, ExperimentUser, PointMark, UserProfile, Sample, UserBlock, SegmentMember}
UPLOADED = {StratumValue}
LOGS = {Event, Exposure, MetricLog, Quarantine}


def test_what_clients_make_is_not_added_by_hand_and_all_else_is(researcher: Client) -> None:
    refused = {model for model in MODELS if researcher.get(address(model, "add")).status_code == 403}

    assert refused == MADE_BY_CLIENTS | UPLOADED | LOGS


def test_history_is_not_edited(researcher: Client, shop: Experiment) -> None:
    one_more_of_everything(1, shop)

    for model in (Assignment, Exclusion, PointMark, UserProfile, Event, Exposure, Sample):
        row = model._default_manager.order_by("pk")[0]
        assert researcher.post(address(model, str(row.pk), "change"), {}).status_code == 403
        assert researcher.post(address(model, str(row.pk), "delete"), {"post": "yes"}).status_code == 403
        assert model._default_manager.filter(pk=row.pk).exists()


def test_no_list_of_history_counts_the_whole_table(researcher: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        for model in (Assignment, Event, Exposure, Sample, ExperimentUser, Quarantine, SegmentMember):
            researcher.get(address(model))

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts == []


def test_people_are_found_by_their_whole_id(researcher: Client, shop: Experiment) -> None:
    for number in (1, 12):
        one_more_of_everything(number, shop)

    for model in (Assignment, Exclusion, ExperimentUser, Event, Exposure, PointMark, Sample, SegmentMember):
        found = result_of(researcher.get(address(model), {"q": "row1"}).content.decode())
        assert ("row1" in found, "row12" in found) == (True, False), model


def test_a_persons_page_shows_what_was_given_to_them(researcher: Client, shop: Experiment) -> None:
    one_more_of_everything(1, shop)
    person = ExperimentUser.objects.get(external_id="row1")

    page = researcher.get(address(ExperimentUser, str(person.pk), "change")).content.decode()

    assert "<li>Checkout button: <b>row1</b> (Drawn, 1 Jan 2030 00:00)</li>" in page


def test_assignments_are_filtered_by_experiment(researcher: Client, shop: Experiment) -> None:
    one_more_of_everything(1, shop)
    other = Experiment.objects.get(key="hint_style")

    found = researcher.get(address(Assignment), {"experiment__id__exact": other.pk}).content.decode()

    assert "0 assignments" in found
    assert result_of(found) == ""


def test_the_index_is_grouped_for_researchers(researcher: Client) -> None:
    page = researcher.get("/admin/").content.decode()

    assert "Arbiter" in page
    titles = ["Experiments", "Flags", "For whom", "What is measured", "People in experiments", "What happened"]
    places = [page.index(f">{title}</a>") for title in titles]
    assert places == sorted(places)


def test_the_address_without_its_last_slash_leads_there(client: Client) -> None:
    assert client.get("/admin")["Location"] == "/admin/"


def test_an_index_of_one_app_opens(researcher: Client) -> None:
    assert researcher.get("/admin/experiments/").status_code == 200


@pytest.mark.parametrize("query", ["?e=1", "?q=%00", "?p=999999", "?p=x", "?o=99", "?experiment__id__exact=x"])
def test_a_strange_address_is_no_crash(researcher: Client, query: str) -> None:
    assert researcher.get(address(Assignment) + query, follow=True).status_code in (200, 400)


@pytest.mark.parametrize("key", ["0", "x", "999999", "1%00", "-1", "9" * 30])
def test_a_row_that_does_not_exist_is_told_so(researcher: Client, key: str) -> None:
    response = researcher.get(f"/admin/experiments/experiment/{key}/change/", follow=True)

    assert response.status_code in (200, 404)
