"""A researcher asks what one person gets of an experiment, and why."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from decisions import deciding, lifecycle
from experiments.models import Experiment, Segment
from users.models import Assignment


def _ask(client: Client, experiment: Experiment, **asked: str) -> str:
    response = client.get(f"/admin/experiments/experiment/{experiment.pk}/ask/", asked)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode())).replace("&quot;", '"')


def _decided(experiment: Experiment, user_id: str) -> Any:
    headers = {"x-optimizely-sdk-key": experiment.project.sdk_key}
    body = {"userId": user_id}
    answer = (
        Client().post("/v1/decide?keys=checkout_button", body, content_type="application/json", headers=headers).json()
    )
    return answer["variationKey"]


def test_the_answer_is_what_clients_get(researcher: Client, shop: Experiment) -> None:
    for number in range(8):
        user = f"person {number}"

        page = _ask(researcher, shop, user=user)

        assert f"{user} gets {_decided(shop, user)}." in page
        assert "Nothing is remembered" in page


def test_what_is_remembered_counts_and_is_said(researcher: Client, shop: Experiment) -> None:
    drawn = _decided(shop, "ada")
    other = shop.variations.exclude(key=drawn).get()
    deciding.remember(
        project_id=shop.project_id,
        experiment_id=shop.pk,
        user_id="ada",
        variation_id=other.pk,
        method=Assignment.Method.CLIENT,
        now=datetime.now(UTC),
    )

    page = _ask(researcher, shop, user="ada")

    assert f"ada gets {other.key}. Remembered: {other.key}." in page
    assert "was previously bucketed" in page


def test_an_audience_is_explained(researcher: Client, shop: Experiment) -> None:
    rule = {"type": "custom_attribute", "name": "country", "match": "exact", "value": "DE"}
    shop.project.attributes.get_or_create(key="country")
    shop.audience = Segment.objects.create(project=shop.project, name="Germans", rule=["and", rule])
    shop.save()
    lifecycle.publish(project=shop.project, now=datetime.now(UTC))

    inside = _ask(researcher, shop, user="ada", attributes='{"country": "DE"}')
    outside = _ask(researcher, shop, user="ada", attributes='{"country": "FR"}')

    assert "ada gets " in inside and "collectively evaluated to true" in inside
    assert "ada is not in this experiment" in outside and "collectively evaluated to false" in outside


def test_of_a_draft_nobody_gets_anything(researcher: Client, shop: Experiment) -> None:
    draft = Experiment.objects.create(project=shop.project, key="new", name="New")

    assert "What is published gives this experiment to nobody." in _ask(researcher, draft, user="ada")


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"user": ""}, "This field is required."),
        ({"user": "x" * 256}, "at most 255 characters"),
        ({"user": "ada", "attributes": "{"}, "valid JSON"),
        ({"user": "ada", "attributes": "[1]"}, "one JSON object"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(
    researcher: Client, shop: Experiment, asked: dict[str, str], complaint: str
) -> None:
    page = _ask(researcher, shop, **asked)

    assert complaint in page
    assert "By what is published now" not in page


def test_asking_writes_nothing_and_the_page_leads_there(visitor: Client, shop: Experiment) -> None:
    page = visitor.get(f"/admin/experiments/experiment/{shop.pk}/change/").content.decode()

    _ask(visitor, shop, user="nobody yet")

    assert f"/admin/experiments/experiment/{shop.pk}/ask/" in page
    assert not Assignment.objects.filter(unit_id="nobody yet").exists()


def test_a_stranger_may_not_ask(client: Client, shop: Experiment) -> None:
    address = f"/admin/experiments/experiment/{shop.pk}/ask/"

    assert client.get(address)["Location"].startswith("/admin/login/")
