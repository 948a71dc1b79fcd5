"""`/api/v1/services/{service_id}/experiments` and `/api/v1/experiments/{experiment_id}`."""

from datetime import UTC, datetime

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import Listing, listed
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from decisions import lifecycle
from experiments import selectors, services
from experiments.models import Experiment


@speaks
def create_experiment(request: Request) -> Answer:
    """Create Experiment"""
    with reading(request) as read:
        at = read.path(shapes.OfService)
        body = read.body(shapes.ExperimentCreate)
    service = selectors.service(uid=at.service_id)
    with lifecycle.publishing(project=service, now=datetime.now(UTC)):
        made = services.add_experiment(
            service=service, name=body.name, active=body.active, starts_at=body.scheduled_start_date
        )
    return answer(_experiment(made))


@speaks
def list_experiments(request: Request) -> Answer:
    """List Experiments"""
    with reading(request) as read:
        at = read.path(shapes.OfService)
        asked = read.query(Listing)
    rows = selectors.comparisons(project=selectors.service(uid=at.service_id), active_only=asked.active_only)
    return listed(rows, asked, name="experiments", write=_experiment)


@speaks
def delete_experiment(request: Request) -> Answer:
    """Delete Experiment

    The service in the path is not looked at (contract §1).
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    experiment = selectors.comparison(uid=at.experiment_id)
    with lifecycle.publishing(project=experiment.project, now=datetime.now(UTC)):
        lifecycle.discard(experiment=experiment)
    return answer(shapes.Deleted(message=f"experiment {at.experiment_id} deleted successfully"), status=202)


@speaks
def get_experiment(request: Request) -> Answer:
    """Get Experiment"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    return answer(_experiment(selectors.comparison(uid=at.experiment_id)))


@speaks
def update_experiment(request: Request) -> Answer:
    """Update Experiment

    Switching it stamps `last_activated_at` or `last_deactivated_at`; the same state again does not.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(additions.ExperimentUpdate)
    experiment = selectors.comparison(uid=at.experiment_id)
    changes = {RENAMED.get(name, name): value for name, value in body.model_dump(exclude_unset=True).items()}
    active, now = changes.pop("active", None), datetime.now(UTC)
    with lifecycle.publishing(project=experiment.project, now=now):
        if active is not None:
            lifecycle.set_active(experiment=experiment, active=active, now=now)
        services.amend(row=experiment, **changes)
    return answer(_experiment(selectors.comparison(uid=at.experiment_id)))


RENAMED = {"scheduled_start_date": "starts_at"}


def _experiment(row: Experiment) -> shapes.Experiment:
    return shapes.Experiment(
        name=row.name,
        service_id=row.project.uid,
        active=row.status == Experiment.Status.RUNNING,
        scheduled_start_date=row.starts_at,
        id=row.uid,
        last_deactivated_at=row.last_deactivated_at,
        last_activated_at=row.last_activated_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class Experiments(ExperimentApiDoor):
    create = described(
        action(create_experiment),
        path=shapes.OfService,
        body=shapes.ExperimentCreate,
        answers=shapes.Experiment,
        misses="Service",
    )
    list = described(
        action(list_experiments),
        path=shapes.OfService,
        query=Listing,
        answers=[shapes.Experiment],
        page="experiments",
        misses="Service",
    )
    destroy = described(
        action(delete_experiment),
        path=shapes.OfExperiment,
        answers=shapes.Deleted,
        status=202,
        misses="Experiment",
    )
    retrieve = described(
        action(get_experiment), path=shapes.OfExperiment, answers=shapes.Experiment, misses="Experiment"
    )
    partial_update = described(
        action(update_experiment),
        path=shapes.OfExperiment,
        body=additions.ExperimentUpdate,
        answers=shapes.Experiment,
        misses="Experiment",
    )
