"""Saving edits a draft; publishing makes it count. The buttons do what they say, for those who may."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from decisions import snapshots
from experiments.models import Experiment, Project
from tests.admin import pages

WEIGHTS = {"variations__0__weight": "0.9", "variations__1__weight": "0.1"}


def page_of(experiment: Experiment) -> str:
    return f"/admin/experiments/experiment/{experiment.pk}/change/"


def button_of(experiment: Experiment, *words: str) -> str:
    return f"/admin/experiments/experiment/{experiment.pk}/do/{'/'.join(words)}/"


def decided_weights() -> list[str]:
    snapshot = snapshots.for_key("demo")
    assert snapshot
    return [arm.weight for arm in snapshot.by_key["checkout_button"].arms]


def test_saving_edits_a_draft_that_no_client_notices(researcher: Client, shop: Experiment) -> None:
    response = pages.save(researcher, page_of(shop), **WEIGHTS)

    assert shop.variations.get(key="control").weight == Decimal("0.9")
    assert decided_weights() == ["0.5", "0.5"]
    assert "Saved as a draft" in pages.told(response)
    assert "experiment Checkout button: changed" in response.content.decode()


def test_the_publish_button_makes_the_draft_count(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), **WEIGHTS)

    response = researcher.post(button_of(shop, "publish"), follow=True)

    assert decided_weights() == ["0.9", "0.1"]
    assert "now decide by revision" in pages.told(response)
    assert "Everything saved in <b>Demo</b> is published" in response.content.decode()


def test_save_and_publish_does_both(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), "_publish", **WEIGHTS)

    assert decided_weights() == ["0.9", "0.1"]


def test_a_publication_says_who_made_it(researcher: Client, shop: Experiment) -> None:
    researcher.post(f"/admin/experiments/project/{shop.project_id}/do/publish/")

    assert shop.project.publications.get(revision=3).published_by == "rosalind"


@pytest.mark.parametrize("words", [("publish",), ("status", "paused")])
def test_a_button_refuses_get(researcher: Client, shop: Experiment, words: tuple[str, ...]) -> None:
    response = researcher.get(button_of(shop, *words))

    assert response.status_code == 405
    assert Experiment.objects.get(pk=shop.pk).status == "running"


@pytest.mark.parametrize("words", [("publish",), ("status", "paused")])
def test_who_may_only_look_may_press_no_button(visitor: Client, shop: Experiment, words: tuple[str, ...]) -> None:
    revision = Project.objects.get(key="demo").revision

    response = visitor.post(button_of(shop, *words))

    assert response.status_code == 403
    assert Project.objects.get(key="demo").revision == revision


def test_who_may_only_look_is_shown_no_button(visitor: Client, shop: Experiment) -> None:
    page = visitor.get(page_of(shop)).content.decode()

    assert "Who sees this" in page
    assert "/do/" not in page
    assert "_publish" not in page


def test_a_button_wants_the_csrf_token(shop: Experiment, researcher: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = researcher.cookies

    assert strict.post(button_of(shop, "publish")).status_code == 403


def test_a_stranger_is_sent_to_the_login(client: Client, shop: Experiment) -> None:
    response = client.post(button_of(shop, "publish"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_a_status_button_walks_one_step_and_publishes(researcher: Client, shop: Experiment) -> None:
    response = researcher.post(button_of(shop, "status", "paused"), follow=True)

    changed = Experiment.objects.get(pk=shop.pk)
    assert changed.status == "paused"
    assert changed.last_deactivated_at is not None
    assert changed.status_changes.get(to_status="paused").changed_by == "rosalind"
    assert "is now “Paused”" in pages.told(response)
    assert "Resume" in response.content.decode()


def test_a_step_that_does_not_exist_is_refused_in_words(researcher: Client, shop: Experiment) -> None:
    response = researcher.post(button_of(shop, "status", "archived"), follow=True)

    assert Experiment.objects.get(pk=shop.pk).status == "running"
    assert "cannot become archived" in pages.told(response)


def test_an_experiment_without_variations_cannot_be_started(researcher: Client, shop: Experiment) -> None:
    empty = Experiment.objects.create(project=shop.project, key="empty", name="Empty")

    response = researcher.post(button_of(empty, "status", "running"), follow=True)

    assert Experiment.objects.get(pk=empty.pk).status == "draft"
    assert "Empty has no variations yet" in pages.told(response)


@pytest.mark.parametrize("words", [("status", "nonsense"), ("nonsense",), ("status",)])
def test_an_unknown_button_is_refused(researcher: Client, shop: Experiment, words: tuple[str, ...]) -> None:
    assert researcher.post(button_of(shop, *words)).status_code in (403, 404)


def test_a_button_of_a_row_that_is_gone_is_not_found(researcher: Client) -> None:
    assert researcher.post("/admin/experiments/experiment/999999/do/publish/").status_code == 404


def test_status_is_no_field(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, page_of(shop), status="archived")

    assert Experiment.objects.get(pk=shop.pk).status == "running"


def test_saving_writes_only_the_edited_columns(researcher: Client, shop: Experiment) -> None:
    with CaptureQueriesContext(connection) as queries:
        pages.save(researcher, page_of(shop), name="New name")

    written = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "experiments_experiment"')]
    assert len(written) == 1
    assert '"name"' in written[0]
    assert '"status"' not in written[0]
    assert '"remembers_other_arms"' not in written[0]


def test_switching_a_project_off_counts_at_once(researcher: Client, shop: Experiment) -> None:
    pages.save(researcher, f"/admin/experiments/project/{shop.project_id}/change/", active=None)

    snapshot = snapshots.for_key("demo")
    assert snapshot
    assert not snapshot.is_active


def test_a_mirrored_project_is_not_published(researcher: Client) -> None:
    mirror = Project.objects.create(key="mirror", name="Mirror", source="mirrored")

    response = researcher.post(f"/admin/experiments/project/{mirror.pk}/do/publish/", follow=True)

    assert "mirrors somebody else" in pages.told(response)
