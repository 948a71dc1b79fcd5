"""The life of an experiment: which steps exist, what they stamp, and what cannot start."""

from datetime import timedelta

import pytest

from decisions import lifecycle, snapshots
from experiments.errors import Invalid, NotAllowed
from experiments.models import Experiment, Project, Publication, StatusChange
from tests import builders

pytestmark = pytest.mark.django_db

Status = Experiment.Status


def test_starting_stamps_records_and_publishes() -> None:
    experiment = builders.experiment(project=builders.project())

    started = lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW, by="ada")

    assert (started.status, started.last_activated_at) == (Status.RUNNING, builders.NOW)
    change = StatusChange.objects.get()
    assert (change.from_status, change.to_status, change.changed_by) == ("draft", "running", "ada")
    assert snapshots.for_project(experiment.project_id).by_key["button"].status == "running"


def test_repeating_a_status_changes_nothing() -> None:
    experiment = builders.running(project=builders.project())

    lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW + timedelta(days=1))

    experiment.refresh_from_db()
    assert experiment.last_activated_at == builders.NOW
    assert StatusChange.objects.count() == 1


def test_an_archived_experiment_cannot_be_started() -> None:
    experiment = builders.experiment(project=builders.project(), status=Status.ARCHIVED)

    with pytest.raises(NotAllowed, match="archived and cannot become running"):
        lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)

    assert not Publication.objects.exists()


def test_an_experiment_without_variations_cannot_be_started() -> None:
    experiment = builders.experiment(project=builders.project())
    experiment.variations.all().delete()

    with pytest.raises(Invalid, match="no variations"):
        lifecycle.change_status(experiment=experiment, to=Status.RUNNING, now=builders.NOW)


def test_a_paused_experiment_is_not_in_the_datafile() -> None:
    experiment = builders.running(project=builders.project())

    lifecycle.change_status(experiment=experiment, to=Status.PAUSED, now=builders.NOW)

    assert b'"button"' not in snapshots.for_project(experiment.project_id).datafile


def test_a_mirrored_project_cannot_be_published() -> None:
    project = builders.project(source=Project.Source.MIRRORED)

    with pytest.raises(NotAllowed):
        lifecycle.publish(project=project, now=builders.NOW)


def test_every_publication_is_one_revision_and_old_ones_go() -> None:
    project = builders.project()

    revisions = [lifecycle.publish(project=project, now=builders.NOW) for _ in range(25)]

    assert revisions == list(range(1, 26))
    kept = list(Publication.objects.order_by("revision").values_list("revision", flat=True))
    assert kept == list(range(6, 26))
