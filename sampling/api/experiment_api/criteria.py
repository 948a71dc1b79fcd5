"""`/api/v1/experiments/{experiment_id}/criteria` and `/api/v1/criteria/{criterion_id}/conditions`."""

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import CriteriaListing, listed
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from experiments.selectors import comparison
from sampling import criteria, selectors
from sampling.criteria import NewCondition
from sampling.models import Condition, Criterion


@speaks
def create_criterion(request: Request) -> Answer:
    """Create Criterion"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.parts(shapes.CriterionAndConditions)
    made = criteria.add(
        experiment=comparison(uid=at.experiment_id),
        sampling_model=body.criterion.sampling_model,
        sampling_attribute=body.criterion.sampling_attribute,
        conditions=[_new(condition) for condition in body.conditions],
    )
    return answer(_criterion(selectors.criterion(uid=made.uid)))


@speaks
def list_criteria(request: Request) -> Answer:
    """List Criteria"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        asked = read.query(CriteriaListing)
    rows = selectors.criteria(experiment=comparison(uid=at.experiment_id))
    return listed(rows, asked, name="criterions", write=_criterion)


@speaks
def delete_criterion(request: Request) -> Answer:
    """Delete Criterion"""
    with reading(request) as read:
        at = read.path(shapes.InCriteria)
    selectors.criterion(uid=at.criterion_id, experiment_uid=at.experiment_id).delete()
    return answer(shapes.Deleted(message=f"criterion {at.criterion_id} deleted successfully"), status=202)


@speaks
def create_condition(request: Request) -> Answer:
    """Create Condition"""
    with reading(request) as read:
        at = read.path(shapes.OfCriterion)
        body = read.body(shapes.ExperimentSamplingConditionCreate)
    criterion = selectors.criterion(uid=at.criterion_id)
    return answer(_condition(criteria.add_condition(criterion=criterion, condition=_new(body)), criterion))


@speaks
def list_conditions(request: Request) -> Answer:
    """List Conditions"""
    with reading(request) as read:
        at = read.path(shapes.OfCriterion)
    criterion = selectors.criterion(uid=at.criterion_id)
    return answer([_condition(row, criterion) for row in criterion.conditions.all()])


@speaks
def update_condition(request: Request) -> Answer:
    """Update Condition"""
    with reading(request) as read:
        at = read.path(additions.InConditions)
        body = read.body(additions.ExperimentSamplingConditionUpdate)
    criterion = selectors.criterion(uid=at.criterion_id)
    condition = selectors.condition(uid=at.condition_id, criterion=criterion)
    criteria.amend_condition(row=condition, **body.model_dump(exclude_unset=True))
    return answer(_condition(condition, criterion))


@speaks
def delete_condition(request: Request) -> Answer:
    """Delete Condition"""
    with reading(request) as read:
        at = read.path(additions.InConditions)
    selectors.condition(uid=at.condition_id, criterion=selectors.criterion(uid=at.criterion_id)).delete()
    return answer(shapes.Deleted(message=f"condition {at.condition_id} deleted successfully"), status=202)


def _new(condition: shapes.ExperimentSamplingConditionCreate) -> NewCondition:
    return NewCondition(condition.model, condition.property, condition.value, condition.condition)


def _criterion(row: Criterion) -> shapes.ExperimentSamplingCriterion:
    return shapes.ExperimentSamplingCriterion(
        sampling_model=row.sampling_model,
        sampling_attribute=row.sampling_attribute,
        id=row.uid,
        experiment_id=row.experiment.uid,
        conditions=[_condition(condition, row) for condition in row.conditions.all()],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _condition(row: Condition, criterion: Criterion) -> shapes.ExperimentSamplingCondition:
    return shapes.ExperimentSamplingCondition(
        model=row.model,
        property=row.property,
        value=row.value,
        condition=row.condition,
        id=row.uid,
        criterion_id=criterion.uid,
        experiment_id=criterion.experiment.uid,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class Criteria(ExperimentApiDoor):
    create = described(
        action(create_criterion),
        path=shapes.OfExperiment,
        body=shapes.CriterionAndConditions,
        answers=shapes.ExperimentSamplingCriterion,
        misses="Experiment",
    )
    list = described(
        action(list_criteria),
        path=shapes.OfExperiment,
        query=CriteriaListing,
        answers=[shapes.ExperimentSamplingCriterion],
        page="criterions",
        misses="Experiment",
    )
    destroy = described(
        action(delete_criterion), path=shapes.InCriteria, answers=shapes.Deleted, status=202, misses="Criterion"
    )


class Conditions(ExperimentApiDoor):
    create = described(
        action(create_condition),
        path=shapes.OfCriterion,
        body=shapes.ExperimentSamplingConditionCreate,
        answers=shapes.ExperimentSamplingCondition,
        misses="Criterion",
    )
    list = described(
        action(list_conditions),
        path=shapes.OfCriterion,
        answers=[shapes.ExperimentSamplingCondition],
        misses="Criterion",
    )
    partial_update = described(
        action(update_condition),
        path=additions.InConditions,
        body=additions.ExperimentSamplingConditionUpdate,
        answers=shapes.ExperimentSamplingCondition,
        misses="Criterion or condition",
    )
    destroy = described(
        action(delete_condition),
        path=additions.InConditions,
        answers=shapes.Deleted,
        status=202,
        misses="Criterion or condition",
    )
