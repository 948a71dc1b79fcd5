"""`/api/v1/services`, and `/health`."""

from datetime import UTC, datetime

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import Listing, listed
from config.wire.experiment_api.reading import reading
from config.wire.health import health
from config.wire.message import Answer, Request
from decisions import lifecycle
from experiments import selectors, services
from experiments.models import Project


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
def update_service(request: Request) -> Answer:
    """Update Service"""
    with reading(request) as read:
        at = read.path(shapes.OfService)
        body = read.body(additions.ServiceUpdate)
    service = selectors.service(uid=at.service_id)
    with lifecycle.publishing(project=service, now=datetime.now(UTC)):
        services.amend(row=service, **body.model_dump(exclude_unset=True))
    return answer(_service(service))


def _service(row: Project) -> shapes.Service:
    return shapes.Service(
        name=row.name, active=row.active, id=row.uid, created_at=row.created_at, updated_at=row.updated_at
    )


class Services(ExperimentApiDoor):
    create = described(action(create_service), body=shapes.ServiceCreate, answers=shapes.Service, status=201)
    list = described(action(list_services), query=Listing, answers=[shapes.Service], page="services")
    retrieve = described(action(get_service), path=shapes.OfService, answers=shapes.Service, misses="Service")
    destroy = described(
        action(delete_service), path=shapes.OfService, answers=shapes.Deleted, status=202, misses="Service"
    )
    partial_update = described(
        action(update_service),
        path=shapes.OfService,
        body=additions.ServiceUpdate,
        answers=shapes.Service,
        misses="Service",
    )


class Health(ExperimentApiDoor):
    minds_hosts = True  # it may be asked by whatever address this process has
    retrieve = described(action(health), answers=shapes.Health)
