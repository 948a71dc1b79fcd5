"""What came of an experiment, as a researcher reads it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from events import results
from events.models import Event, Exposure
from experiments.models import Experiment
from users.models import Assignment

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _met(experiment: Experiment, arm: Any, user: str, at: datetime = NOW) -> None:
    Exposure.objects.create(
        project_id=experiment.project_id,
        source="agent",
        experiment_id=experiment.pk,
        variation_id=arm.pk,
        user_id=user,
        occurred_at=at,
        received_at=at,
    )


def _bought(experiment: Experiment, user: str, at: datetime = NOW + timedelta(hours=1), key: str = "purchase") -> None:
    Event.objects.create(
        project_id=experiment.project_id,
        source="agent",
        kind="conversion",
        key=key,
        user_id=user,
        occurred_at=at,
        received_at=at,
    )


@pytest.fixture
def arms(shop: Experiment) -> list[Any]:
    return list(shop.variations.order_by("position", "id"))


@pytest.fixture
def sold(shop: Experiment, arms: list[Any]) -> None:
    """Ten people in either arm, each met twice; five of the control bought, all of the treatment."""
    for number in range(20):
        user = f"person {number}"
        _met(shop, arms[number % 2], user)
        _met(shop, arms[number % 2], user, NOW + timedelta(minutes=1))
        if number % 2 or number < 10:
            _bought(shop, user)
            _bought(shop, user, NOW + timedelta(hours=2))


def _page(client: Client, experiment: Experiment) -> str:
    response = client.get(f"/admin/experiments/experiment/{experiment.pk}/results/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.usefixtures("sold")
def test_people_are_counted_once_and_compared(researcher: Client, shop: Experiment, arms: list[Any]) -> None:
    found = results.of_experiment(experiment=shop)

    (outcome,) = found.outcomes
    assert [(row.people, row.found, row.share) for row in found.arms] == [(10, 0.5, 0.5)] * 2
    assert (outcome.event, [(line.converted, line.people) for line in outcome.lines]) == (
        "purchase",
        [(5, 10), (10, 10)],
    )
    assert outcome.lines[0].comparison is None
    assert outcome.lines[1].adjusted_p_value == pytest.approx(0.0325077, abs=1e-6)
    page = _page(researcher, shop)
    assert f"{arms[1].key} 10 of 10 100.0% +50.0% (+11.7% to +76.3%) +100.0% (+7.2% to +239.9%) 0.0325" in page
    assert "People who met a variation." in page


def test_what_happened_before_does_not_count(shop: Experiment, arms: list[Any]) -> None:
    for user, at in (("early", NOW - timedelta(seconds=1)), ("at once", NOW)):
        _met(shop, arms[0], user)
        _bought(shop, user, at)

    (outcome,) = results.of_experiment(experiment=shop).outcomes

    assert [line.converted for line in outcome.lines] == [1, 0]


def test_of_other_peoples_events_nothing_is_counted(shop: Experiment, arms: list[Any]) -> None:
    _met(shop, arms[0], "ada")
    _bought(shop, "somebody else")

    assert results.of_experiment(experiment=shop).outcomes == ()


def test_without_exposures_the_given_arms_count(researcher: Client, shop: Experiment, arms: list[Any]) -> None:
    for number in range(3):
        Assignment.objects.create(experiment=shop, variation=arms[0], unit_id=f"u{number}", assigned_at=NOW)
    _bought(shop, "u1")

    found = results.of_experiment(experiment=shop)

    assert [row.people for row in found.arms] == [3, 0]
    assert [(line.converted, line.people) for line in found.outcomes[0].lines] == [(1, 3), (0, 0)]
    assert "the people to whom a variation was given" in _page(researcher, shop)


def test_test_labs_events_count_for_their_own_variant(researcher: Client) -> None:
    lab = Experiment.objects.get(project__key="testlab")
    blue, red = lab.variations.order_by("id")
    for user, arm, event_of in (("a", blue, blue), ("b", blue, red), ("c", red, red)):
        Client().post("/api/users", {"id": user, "variant_id": arm.pk, "ip_address": "10.0.0.1"}, "application/json")
        Client().post("/api/events", {"user_id": user, "variant_id": event_of.pk}, "application/json")

    (outcome,) = results.of_experiment(experiment=lab).outcomes

    assert [(line.converted, line.people) for line in outcome.lines] == [(1, 2), (1, 1)]
    assert "Test Lab events" in _page(researcher, lab)


def test_people_between_two_arms_and_a_wrong_split_are_warned_about(
    researcher: Client, shop: Experiment, arms: list[Any]
) -> None:
    for number in range(30):
        _met(shop, arms[0], f"person {number}")
    _met(shop, arms[1], "person 0")

    page = _page(researcher, shop)

    assert "People who met more than one variation: 1." in page
    assert "People are not split by the weights" in page


def test_an_experiment_without_anything_has_a_page(researcher: Client, shop: Experiment) -> None:
    bare = Experiment.objects.create(project=shop.project, key="bare", name="Bare")

    assert "No event of these people has arrived yet." in _page(researcher, bare)


def test_who_may_only_look_may_read_it_and_a_stranger_may_not(
    visitor: Client, client: Client, shop: Experiment
) -> None:
    address = f"/admin/experiments/experiment/{shop.pk}/results/"

    assert "What came of it" in _page(visitor, shop)
    assert address in visitor.get(f"/admin/experiments/experiment/{shop.pk}/change/").content.decode()
    assert client.get(address)["Location"].startswith("/admin/login/")
    assert visitor.get("/admin/experiments/experiment/0/results/").status_code == 404
