"""Criteria, conditions and samples as the Experiment API speaks of them."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from config.wire.door import action
from config.wire.experiment_api import shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import CriteriaListing, listed
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from experiments.selectors import comparison
from sampling import criteria, sampling, selectors
from sampling.criteria import NewCondition
from sampling.models import Condition, Criterion, Sample

MOST_SAMPLES = 100_000
DRIVER_LIMIT = 10_000


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
def create_sample(request: Request) -> Answer:
    """Create Sample"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(shapes.BucketedSampleCreate)
    sample = sampling.record(
        experiment=comparison(uid=at.experiment_id),
        entity=body.sampled_entity,
        value=body.sampled_value,
        bucket=body.allocated_bucket,
        now=datetime.now(UTC),
    )
    return answer(_sample(sample, at.experiment_id))


class SampleListing(shapes.Shape):
    limit: Annotated[int, Field(ge=0, description="0: as many as fit; never more than 100000.")] = 100


@speaks
def list_samples(request: Request) -> Answer:
    """List Samples"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        asked = read.query(SampleListing)
    rows = selectors.samples(experiment=comparison(uid=at.experiment_id))
    limit = min(asked.limit or DRIVER_LIMIT, MOST_SAMPLES)
    return answer([_sample(row, at.experiment_id) for row in rows[:limit]])


@speaks
def mark_sample_complete(request: Request) -> Answer:
    """Mark Sample Complete"""
    with reading(request) as read:
        at = read.path(shapes.OfSample)
    sample = sampling.complete(experiment_uid=at.experiment_id, uid=at.sample_id, now=datetime.now(UTC))
    return answer(_sample(sample, sample.experiment.uid))


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


def _sample(row: Sample, experiment_uid: UUID) -> shapes.BucketedSample:
    return shapes.BucketedSample(
        experiment_id=experiment_uid,
        sampled_value=row.value,
        sampled_entity=row.entity,
        allocated_bucket=row.bucket,
        id=row.uid,
        complete=row.complete,
        completed_at=row.completed_at,
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


class Samples(ExperimentApiDoor):
    create = described(
        action(create_sample),
        path=shapes.OfExperiment,
        body=shapes.BucketedSampleCreate,
        answers=shapes.BucketedSample,
        misses="Experiment",
    )
    list = described(
        action(list_samples),
        path=shapes.OfExperiment,
        query=SampleListing,
        answers=[shapes.BucketedSample],
        misses="Experiment",
    )
    complete = described(
        action(mark_sample_complete), path=shapes.OfSample, answers=shapes.BucketedSample, misses="Sample"
    )
