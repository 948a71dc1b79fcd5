"""Every page opens, and no page asks the database once per row."""

from collections.abc import Callable
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
from features.models import Flag, FlagList, FlagRule, Variable, VariableValue
from sampling.models import Condition, Criterion, Sample
from users.models import (
    Assignment,
    Exclusion,
    ExperimentUser,
    ForcedAssignment,
    PointMark,
    PreviewUser,
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


def grows(client: Client, page: str, more: Callable[[int], None]) -> tuple[int, int]:
    """How many queries a page needs now, and after six more rows of everything."""
    client.get(page)
    with CaptureQueriesContext(connection) as before:
        assert client.get(page).status_code == 200
    for number in range(10, 16):
        more(number)
    with CaptureQueriesContext(connection) as after:
        assert client.get(page).status_code == 200
    return len(before), len(after)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_needs_no_more_queries_for_more_rows(
    researcher: Client, shop: Experiment, model: type[models.Model]
) -> None:
    one_more_of_everything(1, shop)

    before, after = grows(researcher, address(model), lambda number: one_more_of_everything(number, shop))

    assert after <= before


PAGES: dict[str, Callable[[], models.Model]] = {
    "experiment": lambda: Experiment.objects.get(key="checkout_button"),
    "flag": lambda: Flag.objects.get(key="checkout_button"),
    "segment": lambda: Segment.objects.get(name="Everyone but internal staff"),
    "project": lambda: Experiment.objects.get(key="checkout_button").project,
    "person": lambda: ExperimentUser.objects.get(external_id="ada"),
    "preview user": lambda: PreviewUser.objects.get(external_id="ada"),
    "criterion": lambda: Criterion.objects.get(sampling_model="user"),
    "event": lambda: Event.objects.order_by("id")[0],
    "assignment": lambda: Assignment.objects.order_by("id")[0],
    "sample": lambda: Sample.objects.order_by("id")[0],
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_no_more_queries_for_more_rows(researcher: Client, shop: Experiment, page: str) -> None:
    one_more_of_everything(1, shop)
    row = PAGES[page]()

    before, after = grows(
        researcher, address(type(row), str(row.pk), "change"), lambda number: one_more_of_everything(number, shop)
    )

    assert after <= before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_page_to_add_opens_or_is_refused(researcher: Client, model: type[models.Model]) -> None:
    made_by_clients = {Assignment, Exclusion, ExperimentUser, PointMark, UserProfile, Event, Exposure, MetricLog}

    response = researcher.get(address(model, "add"))

    assert response.status_code == (403 if model in made_by_clients else response.status_code)
    assert response.status_code in (200, 403)


@pytest.mark.parametrize("model", [Assignment, Exclusion, PointMark, UserProfile, Event, Exposure, Sample])
def test_history_is_not_edited(researcher: Client, shop: Experiment, model: type[models.Model]) -> None:
    one_more_of_everything(1, shop)
    row = model._default_manager.order_by("pk")[0]

    assert researcher.post(address(model, str(row.pk), "change"), {}).status_code == 403
    assert researcher.post(address(model, str(row.pk), "delete"), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [Assignment, Event, Exposure, Sample, ExperimentUser, Quarantine])
def test_no_list_of_history_counts_the_whole_table(researcher: Client, model: type[models.Model]) -> None:
    with CaptureQueriesContext(connection) as queries:
        researcher.get(address(model))

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts == []


@pytest.mark.parametrize("model", [Assignment, Exclusion, ExperimentUser, Event, Exposure, PointMark, Sample])
def test_people_are_found_by_their_whole_id(researcher: Client, shop: Experiment, model: type[models.Model]) -> None:
    for number in (1, 2):
        one_more_of_everything(number, shop)

    found = researcher.get(address(model), {"q": "row1"}).content.decode()

    assert [name for name in ("row1", "row2") if name in result_of(found)] == ["row1"]


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


def test_an_index_of_one_app_opens(researcher: Client) -> None:
    assert researcher.get("/admin/experiments/").status_code == 200


@pytest.mark.parametrize("query", ["?e=1", "?q=%00", "?p=999999", "?p=x", "?o=99", "?experiment__id__exact=x"])
def test_a_strange_address_is_no_crash(researcher: Client, query: str) -> None:
    assert researcher.get(address(Assignment) + query, follow=True).status_code in (200, 400)


@pytest.mark.parametrize("key", ["0", "x", "999999", "1%00", "-1", "9" * 30])
def test_a_row_that_does_not_exist_is_told_so(researcher: Client, key: str) -> None:
    response = researcher.get(f"/admin/experiments/experiment/{key}/change/", follow=True)

    assert response.status_code in (200, 404)
