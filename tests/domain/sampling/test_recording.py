"""New samples are stored once and for good, however many come at a time."""

import pytest

from events.models import Exposure
from sampling import recording
from sampling.models import Sample
from sampling.recording import NewSample
from sampling.telling import Shown
from tests import builders
from users import assignments

pytestmark = pytest.mark.django_db

ANN = NewSample("ann", "US", "control", None, Shown("ann", None))
BOB = NewSample("bob", "", "treatment", None, Shown("bob", None))


def test_what_is_stored_is_answered_as_it_reads_back() -> None:
    experiment = builders.experiment(project=builders.project())

    rows = recording.insert(experiment=experiment, samples=[ANN, BOB], now=builders.NOW)

    assert rows is not None
    stored = Sample.objects.order_by("id")
    assert [(row.uid, row.entity, row.value, row.bucket, row.created_at) for row in stored] == [
        (row.uid, row.entity, row.value, row.bucket, row.created_at) for row in rows
    ]


def test_a_sample_that_is_there_stays_and_is_told_of() -> None:
    experiment = builders.experiment(project=builders.project())
    recording.insert(experiment=experiment, samples=[ANN], now=builders.NOW)

    rows = recording.insert(experiment=experiment, samples=[ANN._replace(bucket="treatment"), BOB], now=builders.NOW)

    assert rows is None
    assert list(Sample.objects.order_by("id").values_list("entity", "bucket")) == [
        ("ann", "control"),
        ("bob", "treatment"),
    ]
    assert list(Exposure.objects.order_by("id").values_list("user_id", "variation_key")) == [
        ("ann", "control"),
        ("bob", "treatment"),
    ]


def test_many_arms_are_remembered_but_for_those_who_have_one() -> None:
    experiment = builders.experiment(project=builders.project())
    control, treatment = experiment.variations.order_by("position")
    assignments.remember_many(experiment_id=experiment.pk, arms={"ann": control.pk}, method="draw", now=builders.NOW)

    assignments.remember_many(
        experiment_id=experiment.pk, arms={"ann": treatment.pk, "o'neil": treatment.pk}, method="draw", now=builders.NOW
    )

    live = assignments.live(experiment_id=experiment.pk, user_ids=["ann", "o'neil", "nobody"])
    assert {user: arm for user, (_, arm) in live.items()} == {"ann": control.pk, "o'neil": treatment.pk}
    assert assignments.find(experiment_id=experiment.pk, unit=assignments.Unit("o'neil")) is not None
