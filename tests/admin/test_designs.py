"""The design of an experiment, as schools need it: what contradicts itself is refused in words."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events.models import Metric, MetricQuery
from experiments.models import Design, Experiment, ExperimentList, Factor, Level, Segment, VariationLevel
from tests import builders
from tests.admin import pages
from users.models import ForcedAssignment, PreviewUser


def page_of(row: Any) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


@pytest.fixture(autouse=True)
def shop(db: None) -> None:
    """No demo: every test here makes what it speaks of."""


@pytest.fixture
def lesson() -> Experiment:
    """An experiment nobody was given anything in yet."""
    return builders.experiment(project=builders.project(key="school"), key="lesson", points=[("lesson", "one")])


def _of_the_design(chosen: dict[str, str]) -> dict[str, str]:
    return {f"design__0__{name}": value for name, value in chosen.items()}


GROUPS = {"unit": "group", "group_type": "class"}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"unit": "group"}, "Say which kind of group, such as classId."),
        ({"group_type": "class"}, "Only experiments on whole groups have a kind of group."),
        ({"unit": "group", "group_type": "user"}, "is what a single person is called"),
        ({"algorithm": "stratified"}, "Say by which factor people are stratified."),
        ({"stratification_factor": "level"}, "Only stratified random sampling looks at a factor."),
        ({**GROUPS, "algorithm": "stratified", "stratification_factor": "level"}, "Strata are of persons"),
        ({"unit": "within_subjects"}, "Say in which order a person meets the conditions."),
        ({"condition_order": "random"}, "Only where every person sees every condition is there an order."),
        ({"ending_group_count": "3"}, "Only experiments on whole groups end by a number of groups."),
        ({"ending_user_count": "0"}, "Nobody would ever be in it."),
        ({**GROUPS, "ending_group_count": "0"}, "Nobody would ever be in it."),
    ],
)
def test_choices_that_contradict_each_other_are_refused_in_words(
    researcher: Client, lesson: Experiment, chosen: dict[str, str], words: str
) -> None:
    response = pages.save(
        researcher, page_of(lesson), **{f"design__0__{name}": value for name, value in chosen.items()}
    )

    assert words in pages.errors(response)
    assert Design.objects.get(experiment=lesson).unit == "individual"


@pytest.mark.parametrize(
    "chosen",
    [
        {**GROUPS, "consistency": "group", "ending_group_count": "3", "ending_user_count": "10"},
        {"unit": "within_subjects", "condition_order": "random_round_robin", "consistency": ""},
        {"algorithm": "stratified", "stratification_factor": "level", "consistency": "experiment"},
        {"post_rule": "assign", "filter_mode": "exclude_all"},
    ],
)
def test_every_kind_of_design_can_be_written(researcher: Client, lesson: Experiment, chosen: dict[str, str]) -> None:
    response = pages.save(
        researcher, page_of(lesson), **{f"design__0__{name}": value for name, value in chosen.items()}
    )

    assert pages.errors(response) == ""
    design = Design.objects.get(experiment=lesson)
    assert {name: str(getattr(design, name)) for name in chosen} == chosen


def test_what_people_were_given_by_stays(researcher: Client, lesson: Experiment) -> None:
    lesson.assignments.create(variation=lesson.variations.first(), unit_id="ann", assigned_at=builders.NOW)

    response = pages.save(researcher, page_of(lesson), design__0__unit="group", design__0__group_type="class")

    assert "Conditions were given already; this stays." in pages.errors(response)


def test_an_imported_design_with_a_leftover_can_still_be_renamed(researcher: Client, lesson: Experiment) -> None:
    Design.objects.filter(experiment=lesson).update(condition_order="random")

    assert pages.errors(pages.save(researcher, page_of(lesson), name="Other name")) == ""


def test_a_segment_cannot_be_let_in_and_kept_out_at_once(researcher: Client, lesson: Experiment) -> None:
    segment = builders.segment(project=lesson.project, name="Pilot class")
    values = pages.filled_in(researcher, page_of(lesson))
    for mode in ("include", "exclude"):
        values = pages.add_row(values, "lists", mode=mode, segment=str(segment.pk), position="0")

    response = researcher.post(page_of(lesson), values)

    assert "“Pilot class” is let in and kept out at once." in pages.errors(response)
    assert not ExperimentList.objects.filter(experiment=lesson).exists()


@pytest.fixture
def factorial(lesson: Experiment) -> Experiment:
    Design.objects.filter(experiment=lesson).update(type="factorial")
    for name, levels in (("Color", ("red", "blue")), ("Shape", ("circle", "square"))):
        factor = Factor.objects.create(experiment=lesson, name=name)
        for level in levels:
            Level.objects.create(factor=factor, name=level)
    return lesson


def _combine(client: Client, experiment: Experiment, *pairs: tuple[str, str]) -> Any:
    values = pages.filled_in(client, page_of(experiment))
    for variation, level in pairs:
        row = {
            "variation": str(experiment.variations.get(key=variation).pk),
            "level": str(Level.objects.get(factor__experiment=experiment, name=level).pk),
        }
        values = pages.add_row(values, "variationlevel", **row)
    return client.post(page_of(experiment), values, follow=True)


def test_levels_are_combined_into_variations(researcher: Client, factorial: Experiment) -> None:
    pairs = (("control", "red"), ("control", "circle"), ("treatment", "blue"), ("treatment", "circle"))

    response = _combine(researcher, factorial, *pairs)

    assert pages.errors(response) == ""
    assert VariationLevel.objects.count() == 4


def test_two_levels_of_one_factor_do_not_go_together(researcher: Client, factorial: Experiment) -> None:
    response = _combine(researcher, factorial, ("control", "red"), ("control", "blue"))

    assert "has two levels of the factor “Color”" in pages.errors(response)


def test_two_variations_are_not_the_same_combination(researcher: Client, factorial: Experiment) -> None:
    response = _combine(researcher, factorial, ("control", "red"), ("treatment", "red"))

    assert "are the same combination of levels" in pages.errors(response)


@pytest.mark.parametrize(
    ("kind", "asked", "words"),
    [
        ("continuous", {"operation": "percentage"}, "Only a metric of categories can be told as a percentage."),
        ("continuous", {"compare_with": "=", "compare_value": "x"}, "Only a metric of categories is compared"),
        ("categorical", {"operation": "sum"}, "it has no sum"),
        ("categorical", {"operation": "count"}, "Say which category is counted"),
        ("continuous", {"operation": "frequency"}, "Select a valid choice"),
    ],
)
def test_a_question_without_an_answer_is_refused(
    researcher: Client, lesson: Experiment, kind: str, asked: dict[str, str], words: str
) -> None:
    metric = Metric.objects.create(project=lesson.project, key="done", type=kind)
    row = {"operation": "sum", "compare_with": "", "compare_value": "", "repeated_measure": "most_recent", **asked}
    values = pages.add_row(
        pages.filled_in(researcher, page_of(lesson)), "metric_queries", metric=str(metric.pk), position="0", **row
    )

    assert words in pages.errors(researcher.post(page_of(lesson), values))
    assert not MetricQuery.objects.exists()


def test_a_question_is_put_and_answered_on_the_page_of_results(researcher: Client, lesson: Experiment) -> None:
    metric = Metric.objects.create(project=lesson.project, key="work@__@level1@__@minutes")
    row = {"operation": "avg", "name": "How long", "repeated_measure": "mean", "position": "0"}
    values = pages.add_row(pages.filled_in(researcher, page_of(lesson)), "metric_queries", metric=str(metric.pk), **row)
    assert pages.errors(researcher.post(page_of(lesson), values, follow=True)) == ""
    arm = lesson.variations.get(key="treatment")
    for user, minutes in (("ann", 10), ("ben", 20)):
        lesson.assignments.create(variation=arm, unit_id=user, assigned_at=builders.NOW)
        log = metric.logs.create(
            user_id=user, uniquifier="1", logged_at=builders.NOW, data={"work": {"level1": {"minutes": minutes}}}
        )
        log.metrics.add(metric)

    page = researcher.get(f"/admin/experiments/experiment/{lesson.pk}/results/").content.decode()

    assert "How long: avg of work → level1 → minutes, mean per person" in page
    assert '<th scope="row">treatment</th><td>15</td><td>2</td>' in page
    assert '<th scope="row">treatment</th><td>2</td><td>0</td>' in page


METRICS = "/admin/events/metric/describe/"


def test_many_metrics_are_described_at_once(researcher: Client, lesson: Experiment) -> None:
    units = """[{"metric": "total", "datatype": "continuous"}, {"groupClass": "work", "allowedKeys": ["a", "b"],
        "attributes": [{"metric": "state", "datatype": "categorical", "allowedValues": ["DONE"]}]}]"""

    response = researcher.post(METRICS, {"project": lesson.project_id, "units": units}, follow=True)

    assert "3 metrics of" in pages.told(response)
    assert set(Metric.objects.values_list("key", "type")) == {
        ("total", "continuous"),
        ("work@__@a@__@state", "categorical"),
        ("work@__@b@__@state", "categorical"),
    }


@pytest.mark.parametrize(
    "units",
    ["", "{", "{}", "[1]", '["x"]', '[{"metric": 1}]', '[{"metric": "a", "datatype": "x"}]',
     '[{"groupClass": "a", "allowedKeys": 5, "attributes": []}]',
     '[{"groupClass": "a", "allowedKeys": ["k"], "attributes": [1]}]',
     '[{"groupClass": "a", "allowedKeys": ["k"], "attributes": {"metric": "b"}}]',
     '[{"metric": "a", "datatype": ["x"]}]', '[{"metric": "a", "allowedValues": 7}]', '[{"metric": "\\u0000"}]'],
)  # fmt: skip
def test_a_description_that_makes_no_sense_is_refused(researcher: Client, lesson: Experiment, units: str) -> None:
    response = researcher.post(METRICS, {"project": lesson.project_id, "units": units})

    assert response.status_code == 200
    assert pages.errors(response) != ""
    assert not Metric.objects.exists()


def test_a_list_of_thousands_comes_from_a_file(researcher: Client, lesson: Experiment) -> None:
    segment = builders.segment(project=lesson.project, name="Consent")
    lines = "".join(f"student{number}\n" for number in range(3000)) + "class: 7b\n"
    values = pages.filled_in(researcher, page_of(segment))

    researcher.post(page_of(segment), {**values, "member_file": SimpleUploadedFile("list.txt", lines.encode())})

    assert segment.members.count() == 3001
    assert segment.members.filter(unit_type="class", unit_id="7b").exists()


def test_a_file_of_members_that_is_no_text_is_refused(researcher: Client, lesson: Experiment) -> None:
    segment = builders.segment(project=lesson.project, name="Consent")
    values = pages.filled_in(researcher, page_of(segment))

    response = researcher.post(page_of(segment), {**values, "member_file": SimpleUploadedFile("list.txt", b"\xff")})

    assert "This is not UTF-8 text." in pages.errors(response)


def test_a_preview_user_is_forced_into_a_condition(researcher: Client, lesson: Experiment) -> None:
    previewer = PreviewUser.objects.create(project=lesson.project, external_id="researcher")
    arm = lesson.variations.get(key="treatment")
    values = pages.filled_in(researcher, page_of(previewer))

    researcher.post(
        page_of(previewer), pages.add_row(values, "forced", experiment=str(lesson.pk), variation=str(arm.pk))
    )

    assert ForcedAssignment.objects.get().variation == arm


def test_a_project_has_one_global_exclude(researcher: Client, lesson: Experiment) -> None:
    builders.segment(project=lesson.project, name="first", kind=Segment.Kind.GLOBAL_EXCLUDE)
    second = builders.segment(project=lesson.project, name="second")

    response = pages.save(researcher, page_of(second), kind="global_exclude")

    assert "The project has its global exclude already" in pages.errors(response)
