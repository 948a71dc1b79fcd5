"""The document's components, in its key order: they check what comes in and are what goes out.

Ids in bodies are optional and the path wins (contract §1); only a criterion's `experiment_id` is asked for, because the
document's own faults name it (§1.2). Keys nobody declared are ignored.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from config.wire.experiment_api.texts import IgnoredId, IndexedText, Instant, PossiblyEmpty, Text


class Shape(BaseModel):
    """Base of everything that travels."""

    model_config = ConfigDict(protected_namespaces=())


class InPath(Shape):
    """Base of the ids in a path."""


class OfService(InPath):
    service_id: UUID


class OfExperiment(InPath):
    experiment_id: UUID


class OfCriterion(InPath):
    criterion_id: UUID


class InCriteria(OfExperiment, OfCriterion):
    """A criterion of an experiment."""


class OfSample(InPath):
    """The experiment's id may be any text here (contract §1); one that is no id is nobody's."""

    experiment_id: Annotated[UUID | str, Field(union_mode="left_to_right")]
    sample_id: UUID


class ServiceCreate(Shape):
    name: Text
    active: bool = True


class Service(Shape):
    name: str
    active: bool
    id: UUID
    created_at: datetime
    updated_at: datetime


class ExperimentCreate(Shape):
    name: Text
    service_id: IgnoredId
    active: bool = True
    scheduled_start_date: Instant | None = None


class Experiment(Shape):
    name: str
    service_id: UUID
    active: bool
    scheduled_start_date: datetime | None
    id: UUID
    last_deactivated_at: datetime | None
    last_activated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ExperimentSamplingCriterionCreate(Shape):
    sampling_model: Text
    sampling_attribute: Text
    experiment_id: UUID


class ExperimentSamplingConditionCreate(Shape):
    model: Text
    property: Text
    value: Text
    condition: Text
    criterion_id: IgnoredId
    experiment_id: IgnoredId


class CriterionAndConditions(Shape):
    model_config = ConfigDict(title="Body_create_criterion_api_v1_experiments__experiment_id__criteria_post")

    criterion: ExperimentSamplingCriterionCreate
    conditions: list[ExperimentSamplingConditionCreate]


class ExperimentSamplingCondition(Shape):
    model: str
    property: str
    value: str
    condition: str
    id: UUID
    criterion_id: UUID
    experiment_id: UUID
    created_at: datetime
    updated_at: datetime


class ExperimentSamplingCriterion(Shape):
    sampling_model: str
    sampling_attribute: str
    id: UUID
    experiment_id: UUID
    conditions: list[ExperimentSamplingCondition]
    created_at: datetime
    updated_at: datetime


class ExperimentBucketCreate(Shape):
    experiment_id: IgnoredId
    bucket_name: IndexedText
    percentage_distribution: Annotated[int, Field(ge=0, le=100)]


class ExperimentBucket(Shape):
    experiment_id: UUID
    bucket_name: str
    percentage_distribution: int
    created_at: datetime
    updated_at: datetime


class BucketedSampleCreate(Shape):
    experiment_id: IgnoredId
    sampled_value: IndexedText
    sampled_entity: IndexedText
    allocated_bucket: PossiblyEmpty = Field(description="Empty: the server chooses.")


class BucketedSample(Shape):
    experiment_id: UUID
    sampled_value: str
    sampled_entity: str
    allocated_bucket: str
    id: UUID
    complete: bool
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ValidationError(Shape):
    """One fault; `input` and sometimes `ctx` come with it."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(Shape):
    detail: list[ValidationError]


class HTTPError(Shape):
    """Every refusal that is not about the shape of the request."""

    detail: str


class Deleted(Shape):
    message: str


class Health(Shape):
    status: str
