"""What a researcher writes is checked in words, and never ends in an error page."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from experiments.models import Experiment, Payload, Project, Segment
from features.models import Flag
from tests.admin import pages
from users import assignments
from users.assignments import Unit


def page_of(row: Any) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def test_an_untouched_page_saves_and_changes_nothing(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop))

    assert pages.errors(response) == ""
    assert "Saved as a draft" not in pages.told(response)
    assert [arm.key for arm in shop.variations.all()] == ["control", "treatment"]


def test_weights_that_do_not_add_up_are_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), variations__0__weight="0.6")

    assert "The weights add up to 1.1, not to 1. Even shares would be 0.5, 0.5." in pages.errors(response)
    assert {str(arm.weight.normalize()) for arm in shop.variations.all()} == {"0.5"}


@pytest.mark.parametrize("weight", ["", "-0.5", "1.5", "NaN", "Infinity", "half", "1e400", "0." + "3" * 40])
def test_a_weight_that_is_no_share_is_refused(researcher: Client, shop: Experiment, weight: str) -> None:
    response = pages.save(researcher, page_of(shop), variations__0__weight=weight)

    assert response.status_code == 200
    assert pages.errors(response) != ""


def test_two_variations_of_one_key_are_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), variations__1__key="control")

    assert 'Two variations are called "control"' in pages.errors(response)


def test_a_variation_called_default_is_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), variations__1__key="Default")

    assert "choose another key" in pages.errors(response)


def test_two_controls_are_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), variations__1__is_control="on")

    assert "Only one variation can be the control." in pages.errors(response)


def test_an_end_before_the_start_is_refused(researcher: Client, shop: Experiment) -> None:
    dates = {"starts_at_0": "2030-02-01", "starts_at_1": "00:00", "ends_at_0": "2030-01-01", "ends_at_1": "00:00"}

    response = pages.save(researcher, page_of(shop), **dates)

    assert "The end must be after the start." in pages.errors(response)


def test_the_key_of_another_experiment_is_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), key="hint_style")

    assert pages.errors(response) != ""
    assert Experiment.objects.filter(key="checkout_button").exists()


def test_a_decision_point_listed_twice_is_refused(researcher: Client, shop: Experiment) -> None:
    values = pages.filled_in(researcher, page_of(shop))
    twice = pages.add_row(values, "points", site="checkout", target="button", position="2")

    response = researcher.post(page_of(shop), twice)

    assert 'The decision point "checkout / button" is listed twice.' in pages.errors(response)


def test_decision_points_are_added_inline(researcher: Client, shop: Experiment) -> None:
    values = pages.filled_in(researcher, page_of(shop))

    researcher.post(page_of(shop), pages.add_row(values, "points", site="cart", target="", position="2"))

    assert [(point.site, point.target) for point in shop.points.all()] == [("checkout", "button"), ("cart", "")]


def test_a_new_row_comes_last_unless_it_says_otherwise(researcher: Client, shop: Experiment) -> None:
    values = {**pages.filled_in(researcher, page_of(shop)), "variations-0-weight": "0.2", "variations-1-weight": "0.2"}
    for key, position in (("third", "0"), ("fourth", "0"), ("between", "1")):
        values = pages.add_row(values, "variations", key=key, weight="0.2", position=position)

    response = researcher.post(page_of(shop), values, follow=True)

    assert pages.errors(response) == ""
    order = [arm.key for arm in shop.variations.all()]
    assert order == ["control", "between", "treatment", "third", "fourth"]


def test_a_variation_that_somebody_has_is_not_deleted(researcher: Client, shop: Experiment) -> None:
    treatment = shop.variations.get(key="treatment")
    assignments.remember(
        experiment_id=shop.pk, unit=Unit("ada"), variation_id=treatment.pk, method="draw", now=datetime.now(UTC)
    )

    deleted = {"variations-1-DELETE": "on", "variations-0-weight": "1"}
    response = researcher.post(page_of(shop), pages.filled_in(researcher, page_of(shop)) | deleted)

    assert "People were given that variation" in pages.errors(response)
    assert shop.variations.count() == 2


def test_weights_keep_the_decimals_they_were_written_with(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), variations__0__weight="0.250", variations__1__weight="0.75")

    assert [(str(arm.weight.normalize()), arm.weight_scale) for arm in shop.variations.all()] == [
        ("0.25", 3),
        ("0.75", 2),
    ]


def test_a_third_variation_is_added_inline(researcher: Client, shop: Experiment) -> None:
    values = pages.filled_in(researcher, page_of(shop))
    thirds = {"variations-0-weight": "0.3333", "variations-1-weight": "0.3333"}
    added = pages.add_row({**values, **thirds}, "variations", key="bold", weight="0.3333", position="3")

    response = researcher.post(page_of(shop), added, follow=True)

    assert pages.errors(response) == ""
    assert [arm.key for arm in shop.variations.all()] == ["control", "treatment", "bold"]


def test_payloads_are_edited_inline(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), payload__0__value="Pay now")

    assert Payload.objects.get(variation__key="control", variation__experiment=shop).value == "Pay now"


def test_a_second_payload_for_the_same_place_is_refused(researcher: Client, shop: Experiment) -> None:
    values = pages.filled_in(researcher, page_of(shop))
    control = shop.variations.get(key="control").pk
    everywhere = {"variation": str(control), "decision_point": "", "type": "string", "value": "x"}
    twice = pages.add_row(pages.add_row(values, "payload", **everywhere), "payload", **everywhere)

    response = researcher.post(page_of(shop), twice)

    assert "Two payloads are called" in pages.errors(response)


def test_a_payload_of_another_experiments_variation_is_refused(researcher: Client, shop: Experiment) -> None:
    foreign = Experiment.objects.get(key="hint_style").variations.all()[0].pk

    response = pages.save(researcher, page_of(shop), payload__0__variation=str(foreign))

    assert "Select a valid choice" in pages.errors(response)


def test_a_json_payload_must_be_json(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), payload__0__type="json", payload__0__value="{nope")

    assert '"{nope" is not JSON.' in pages.errors(response)


def test_a_group_experiment_needs_its_kind_of_group(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), design__0__unit="group")

    assert "Say which kind of group" in pages.errors(response)


def test_a_segment_of_another_project_is_no_audience(researcher: Client, shop: Experiment) -> None:
    foreign = Segment.objects.get(project__key="testlab")

    response = pages.save(researcher, page_of(shop), audience=str(foreign.pk))

    assert "Select a valid choice" in pages.errors(response)


def test_text_that_no_database_holds_is_refused(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), name="a\x00b")

    assert "Null characters are not allowed" in pages.errors(response)


def test_a_new_experiment_starts_with_a_control_and_a_treatment(researcher: Client, shop: Experiment) -> None:
    address = "/admin/experiments/experiment/add/"

    response = pages.save(researcher, address, project=str(shop.project_id), name="New", key="new")

    assert pages.errors(response) == ""
    made = Experiment.objects.get(key="new")
    assert made.status == "draft"
    assert [(arm.key, str(arm.weight.normalize()), arm.is_control) for arm in made.variations.all()] == [
        ("control", "0.5", True),
        ("treatment", "0.5", False),
    ]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("{", "Enter a valid JSON"),
        ('["and", {"name": "a", "match": "almost", "value": 1}]', 'There is no match "almost"'),
        ('["and", {"name": "a", "match": "exact", "value": "\\ud800"}]', "cannot be stored"),
        ('["and", {"name": "a", "match": "exact", "value": "\\u0000"}]', "cannot be stored"),
        ('["and", {"name": "a", "match": "gt", "value": NaN}]', "cannot be stored"),
        ("[" * 5000 + "]" * 5000, "nested"),
        ('["or"' + ', {"name": "a", "match": "exact", "value": 1}' * 10_001 + "]", "longer than"),
    ],
)
def test_a_rule_the_engine_cannot_use_is_refused(researcher: Client, rule: str, complaint: str) -> None:
    segment = Segment.objects.get(name="Everyone but internal staff")

    response = pages.save(researcher, page_of(segment), rule=rule)

    assert response.status_code == 200
    assert complaint in pages.errors(response)
    assert Segment.objects.get(pk=segment.pk).rule == ["not", {"name": "internal", "match": "exists"}]


def test_a_rule_is_edited_as_json(researcher: Client) -> None:
    segment = Segment.objects.get(name="Everyone but internal staff")

    response = pages.save(researcher, page_of(segment), rule='["and", {"name": "age", "match": "ge", "value": 12}]')

    assert pages.errors(response) == ""
    assert Segment.objects.get(pk=segment.pk).rule == ["and", {"name": "age", "match": "ge", "value": 12}]


def test_an_attribute_that_nobody_defined_is_named(researcher: Client) -> None:
    segment = Segment.objects.get(name="Everyone but internal staff")

    response = pages.save(researcher, page_of(segment), rule='["and", {"name": "age", "match": "ge", "value": 12}]')

    assert "The project has no attribute called age yet" in pages.told(response)


def test_members_are_pasted_one_per_line(researcher: Client) -> None:
    segment = Segment.objects.get(name="Everyone but internal staff")

    pages.save(researcher, page_of(segment), more_members="ada\r\ngrace\r\nclassId: 7b\r\nada\r\n")
    pages.save(researcher, page_of(segment), more_members="grace\r\nhedy")

    members = [(row.unit_type, row.unit_id) for row in segment.members.all()]
    assert members == [("user", "ada"), ("user", "grace"), ("classId", "7b"), ("user", "hedy")]


def test_a_large_segment_does_not_list_its_members(researcher: Client) -> None:
    segment = Segment.objects.get(name="Everyone but internal staff")

    response = pages.save(researcher, page_of(segment), more_members="\n".join(f"user{n}" for n in range(500)))

    assert "more than 100" in response.content.decode()
    assert "members-0-unit_id" not in response.content.decode()


@pytest.mark.parametrize(
    ("kind", "value"), [("boolean", "yes"), ("integer", "1.5"), ("double", "many"), ("json", "[1"), ("json", "[]")]
)
def test_a_variable_must_fit_its_type(researcher: Client, kind: str, value: str) -> None:
    flag = Flag.objects.get(key="checkout_button")

    response = pages.save(researcher, page_of(flag), variables__0__type=kind, variables__0__default_value=value)

    assert " is not " in pages.errors(response)


def test_values_per_variation_are_edited_inline(researcher: Client) -> None:
    flag = Flag.objects.get(key="checkout_button")

    pages.save(researcher, page_of(flag), variablevalue__1__value="Pay")

    assert flag.variables.get().values.get(variation__key="treatment").value == "Pay"


def test_a_flag_may_end_on_the_day_it_starts(researcher: Client) -> None:
    flag = Flag.objects.get(key="Dark mode")

    response = pages.save(researcher, page_of(flag), starts_on="2030-01-01", ends_on="2030-01-01")

    assert pages.errors(response) == ""


def test_a_flag_may_not_end_before_it_starts(researcher: Client) -> None:
    flag = Flag.objects.get(key="Dark mode")

    response = pages.save(researcher, page_of(flag), starts_on="2030-01-02", ends_on="2030-01-01")

    assert "The end must be after the start." in pages.errors(response)


@pytest.mark.parametrize("key", ["a-b", "ünïcode", "with space", "demo123lab", ""])
def test_an_sdk_key_that_clients_refuse_or_others_have_is_refused(researcher: Client, key: str) -> None:
    project = Project.objects.get(key="demo")

    response = pages.save(researcher, page_of(project), sdk_key=key)

    assert pages.errors(response) != ""
    assert Project.objects.get(pk=project.pk).sdk_key == "demo123"


def test_only_what_was_never_given_to_anybody_is_deleted(researcher: Client, shop: Experiment) -> None:
    draft = Experiment.objects.create(project=shop.project, key="draft", name="Draft")

    assert researcher.post(f"/admin/experiments/experiment/{shop.pk}/delete/", {"post": "yes"}).status_code == 403
    assert researcher.post(f"/admin/experiments/experiment/{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert [row.key for row in Experiment.objects.filter(key__in=["draft", "checkout_button"])] == ["checkout_button"]


def test_a_clients_secret_is_shown_once_and_stored_as_a_hash(researcher: Client) -> None:
    address = "/admin/experiments/apiclient/add/"

    response = pages.save(researcher, address, client_id="class-app", scopes="read, write")

    assert "The secret of class-app is" in pages.told(response)
    secret = pages.told(response).split("The secret of class-app is ")[1].split(" ")[0]
    again = researcher.get(response.redirect_chain[-1][0]).content.decode()
    assert secret not in again


def test_a_factorial_design_shows_factors_levels_and_combinations(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), design__0__type="factorial")
    values = pages.filled_in(researcher, page_of(shop))
    researcher.post(page_of(shop), pages.add_row(values, "factors", name="colour", position="0"))
    factor = shop.factors.get()
    values = pages.filled_in(researcher, page_of(shop))
    level = {
        "factor": str(factor.pk),
        "name": "red",
        "payload_type": "string",
        "payload_value": "#f00",
        "position": "0",
    }
    researcher.post(page_of(shop), pages.add_row(values, "level", **level))
    values = pages.filled_in(researcher, page_of(shop))
    control = shop.variations.get(key="control")
    combination = {"variation": str(control.pk), "level": str(factor.levels.get().pk)}

    response = researcher.post(page_of(shop), pages.add_row(values, "variationlevel", **combination), follow=True)

    assert pages.errors(response) == ""
    assert [entry.level.name for entry in control.variation_levels.all()] == ["red"]
