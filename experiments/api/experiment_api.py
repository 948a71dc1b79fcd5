"""Services, experiments and buckets as the Experiment API speaks of them. Every write counts at once."""

from datetime import UTC, datetime

from config.wire.door import action
from config.wire.experiment_api import shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import Listing, listed
from config.wire.experiment_api.reading import reading
from config.wire.health import health
from config.wire.message import Answer, Request
from decisions import lifecycle
from experiments import buckets, selectors, services
from experiments.models import Experiment, Project, Variation


@speaks
def create_service(request: Request) -> Answer:
    """Create Service"""
    with reading(request) as read:
        body = read.body(shapes.ServiceCreate)
    service = services.open_service(name=body.name, active=body.active)
    return answer(_service(service), status=201)


@speaks
def list_services(request: Request) -> Answer:
    """List Services"""
    with reading(request) as read:
        asked = read.query(Listing)
    return listed(selectors.services(active_only=asked.active_only), asked, name="services", write=_service)


@speaks
def get_service(request: Request) -> Answer:
    """Get Service"""
    with reading(request) as read:
        at = read.path(shapes.OfService)
    return answer(_service(selectors.service(uid=at.service_id)))


@speaks
def delete_service(request: Request) -> Answer:
    """Delete Service"""
    with reading(request) as read:
        at = read.path(shapes.OfService)
    lifecycle.discard_project(project=selectors.service(uid=at.service_id))
    return answer(shapes.Deleted(message=f"service {at.service_id} deleted successfully"), status=202)


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
        experiment.delete()
    return answer(shapes.Deleted(message=f"experiment {at.experiment_id} deleted successfully"), status=202)


@speaks
def create_bucket(request: Request) -> Answer:
    """Create Bucket"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(shapes.ExperimentBucketCreate)
    experiment = selectors.comparison(uid=at.experiment_id)
    with lifecycle.publishing(project=experiment.project, now=datetime.now(UTC)):
        bucket = buckets.put(experiment=experiment, name=body.bucket_name, percentage=body.percentage_distribution)
    return answer(_bucket(bucket))


@speaks
def list_buckets(request: Request) -> Answer:
    """List Buckets"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    rows = buckets.of(experiment=selectors.comparison(uid=at.experiment_id))
    return answer([_bucket(row) for row in rows.select_related("experiment")])


def _service(row: Project) -> shapes.Service:
    return shapes.Service(
        name=row.name, active=row.active, id=row.uid, created_at=row.created_at, updated_at=row.updated_at
    )


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


def _bucket(row: Variation) -> shapes.ExperimentBucket:
    return shapes.ExperimentBucket(
        experiment_id=row.experiment.uid,
        bucket_name=row.key,
        percentage_distribution=round(row.weight * buckets.PERCENT),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class Services(ExperimentApiDoor):
    create = described(action(create_service), body=shapes.ServiceCreate, answers=shapes.Service, status=201)
    list = described(action(list_services), query=Listing, answers=[shapes.Service], page="services")
    retrieve = described(action(get_service), path=shapes.OfService, answers=shapes.Service, misses="Service")
    destroy = described(
        action(delete_service), path=shapes.OfService, answers=shapes.Deleted, status=202, misses="Service"
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


class Buckets(ExperimentApiDoor):
    create = described(
        action(create_bucket),
        path=shapes.OfExperiment,
        body=shapes.ExperimentBucketCreate,
        answers=shapes.ExperimentBucket,
        misses="Experiment",
    )
    list = described(
        action(list_buckets), path=shapes.OfExperiment, answers=[shapes.ExperimentBucket], misses="Experiment"
    )


class Health(ExperimentApiDoor):
    retrieve = described(action(health), answers=shapes.Health)
