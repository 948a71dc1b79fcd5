"""Through which clients an experiment is met, and the first condition that is missing where it is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from decisions import demo, drafts, lifecycle, visibility
from experiments.models import Design, Experiment, Project, Segment, SegmentMember
from features.models import Flag

NOW = datetime(2030, 1, 1, tzinfo=UTC)
UPGRADE, TESTLAB, API, DECIDE, ACTIVATE, LOCAL = (who for who, _, _ in visibility.WAYS_IN)


@pytest.fixture(autouse=True)
def shop(db: None) -> Experiment:
    demo.seed(testlab_project="testlab", now=NOW)
    return Experiment.objects.get(key="checkout_button")


def missing(experiment: Experiment, *, now: datetime = NOW) -> dict[str, str]:
    experiment = Experiment.objects.select_related("project").get(pk=experiment.pk)
    draft = drafts.of_project(project=experiment.project)
    sights = visibility.of_experiment(experiment=experiment, draft=draft, testlab_project="testlab", now=now)
    return {sight.who: sight.missing for sight in sights}


def published(experiment: Experiment) -> Experiment:
    lifecycle.publish(project=experiment.project, now=NOW)
    return experiment


def test_the_demo_is_visible_everywhere_but_in_test_lab(shop: Experiment) -> None:
    assert {who for who, lack in missing(shop).items() if lack} == {TESTLAB}


def test_test_labs_experiment_is_visible_to_its_clients(shop: Experiment) -> None:
    lab = Experiment.objects.get(project__key="testlab")

    found = missing(lab)

    assert found[TESTLAB] == ""
    assert found[UPGRADE] == "it has no decision point"
    assert found[DECIDE] == ""


def test_a_draft_is_visible_to_nobody_but_the_experiment_api(shop: Experiment) -> None:
    draft = Experiment.objects.create(project=shop.project, key="new", name="New")

    found = missing(draft)

    assert [who for who, lack in found.items() if not lack] == [API]
    assert found[DECIDE] == "it is not running (status “Draft”)"


def test_a_paused_experiment_is_met_by_upgrade_clients_who_were_in_it(shop: Experiment) -> None:
    lifecycle.change_status(experiment=shop, to="paused", now=NOW)

    paused = Experiment.objects.get(pk=shop.pk)
    draft = drafts.of_project(project=paused.project)
    sights = visibility.of_experiment(experiment=paused, draft=draft, testlab_project="testlab", now=NOW)
    upgrade = next(sight for sight in sights if sight.who == UPGRADE)
    assert (upgrade.visible, upgrade.remark) == (True, "only people who were already in it")


def test_upgrade_clients_are_given_nothing_where_no_list_lets_anybody_in(shop: Experiment) -> None:
    Design.objects.filter(experiment=shop).update(filter_mode="exclude_all")

    assert missing(published(shop))[UPGRADE] == "its lists start from nobody, and none lets anybody in"


def test_upgrade_clients_are_given_nothing_by_an_adaptive_design(shop: Experiment) -> None:
    Design.objects.filter(experiment=shop).update(algorithm="adaptive")

    assert "adaptive assignment is not supported" in missing(published(shop))[UPGRADE]


def test_upgrade_clients_are_given_nothing_after_an_end_that_assigns_nothing(shop: Experiment) -> None:
    Design.objects.filter(experiment=shop).update(post_rule="assign", fallback=None)
    lifecycle.change_status(experiment=shop, to="paused", now=NOW)

    assert "its rule is to give everybody nothing" in missing(shop)[UPGRADE]


def _switch_off(shop: Experiment) -> None:
    Project.objects.filter(pk=shop.project_id).update(active=False)


def _close(shop: Experiment) -> None:
    Project.objects.filter(pk=shop.project_id).update(dialects=["upgrade"])


def _take_points(shop: Experiment) -> None:
    shop.points.all().delete()


def _take_flag(shop: Experiment) -> None:
    shop.flag_rules.all().delete()


def _flag_off(shop: Experiment) -> None:
    Flag.objects.filter(key="checkout_button").update(is_running=False)


def _make_delivery(shop: Experiment) -> None:
    Experiment.objects.filter(pk=shop.pk).update(kind="delivery")


def _end(shop: Experiment) -> None:
    Experiment.objects.filter(pk=shop.pk).update(ends_at=NOW - timedelta(days=1))


def _whole_groups(shop: Experiment) -> None:
    Design.objects.filter(experiment=shop).update(unit="group", group_type="classId")


def _member(shop: Experiment) -> None:
    assert shop.audience
    SegmentMember.objects.create(segment=shop.audience, unit_id="ada")


@pytest.mark.parametrize(
    ("change", "who", "lack"),
    [
        (_switch_off, UPGRADE, "the project is switched off"),
        (_close, DECIDE, "the project is not open to these clients"),
        (_take_points, UPGRADE, "it has no decision point"),
        (_take_flag, DECIDE, "no flag delivers it"),
        (_flag_off, DECIDE, "the flag that delivers it is off"),
        (_make_delivery, API, "it is a targeted delivery, not an A/B test"),
        (_end, ACTIVATE, "today is outside its start and end"),
        (_whole_groups, LOCAL, "cannot be said in a datafile"),
        (_member, LOCAL, "cannot be said in a datafile"),
    ],
)
def test_the_missing_condition_is_said(
    shop: Experiment, change: Callable[[Experiment], None], who: str, lack: str
) -> None:
    change(shop)

    assert lack in missing(published(shop))[who]


def test_what_is_only_saved_is_not_visible_yet(shop: Experiment) -> None:
    shop.points.all().delete()
    published(shop)
    shop.points.create(site="cart", target="")

    assert missing(shop)[UPGRADE] == "saved, but not published yet"


def test_a_draft_says_what_publishing_would_change(shop: Experiment) -> None:
    shop.variations.filter(key="control").update(value="Pay")
    Segment.objects.create(project=shop.project, name="Teachers")
    Flag.objects.filter(key="hint_style").update(is_archived=True)

    changes = drafts.of_project(project=shop.project).changes

    assert set(changes) == {"experiment Checkout button: changed", "segment Teachers: new", "flag hint_style: gone"}


def test_a_published_draft_has_no_changes(shop: Experiment) -> None:
    assert drafts.of_project(project=shop.project).changes == ()


def test_a_project_without_anything_has_nothing_to_publish(db: None) -> None:
    project = Project.objects.create(key="empty", name="Empty")

    draft = drafts.of_project(project=project)

    assert (draft.is_published, draft.publication) == (True, None)
