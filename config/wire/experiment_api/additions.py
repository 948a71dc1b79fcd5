"""What the document lacks and a calling service needs (contract §7): the shapes of our own routes.

A key that is left out of an update changes nothing; the factories below only keep the default out of the schema.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from config.wire.experiment_api.shapes import BucketedSample, OfCriterion, OfExperiment, Shape
from config.wire.experiment_api.texts import IndexedText, Instant, Sought, Text

MOST_AT_ONCE = 10_000
LARGEST = 1e100  # a million squares of it can still be added up

LeftOut = Field(default_factory=str)


class InExperiment(OfExperiment):
    sample_id: UUID


class InConditions(OfCriterion):
    condition_id: UUID


class OfBucket(OfExperiment):
    bucket_name: Sought


class ServiceUpdate(Shape):
    name: Annotated[Text, LeftOut]
    active: Annotated[bool, Field(default_factory=bool)]


class ExperimentUpdate(Shape):
    name: Annotated[Text, LeftOut]
    active: Annotated[bool, Field(default_factory=bool)]
    scheduled_start_date: Instant | None = None


class ExperimentBucketUpdate(Shape):
    percentage_distribution: Annotated[int, Field(ge=0, le=100)]


class ExperimentSamplingConditionUpdate(Shape):
    model: Annotated[Text, LeftOut]
    property: Annotated[Text, LeftOut]
    value: Annotated[Text, LeftOut]
    condition: Annotated[Text, LeftOut]


class SampleCompletion(Shape):
    outcome: Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)] | None = Field(
        default=None, description="What came of it, as a number."
    )


class SampleListing(Shape):
    limit: Annotated[int, Field(ge=0, description="0 means 10000; never more than 100000.")] = 100
    page_token: str | None = Field(default=None, description="Asks for the envelope; empty: the first page.")
    sampled_entity: Sought | None = None
    sampled_value: Sought | None = None
    bucket: Sought | None = None
    complete: bool | None = None
    since: Instant | None = Field(default=None, description="Created at this instant or later.")


class SampleExport(Shape):
    format: Literal["csv", "ndjson"] = "csv"
    since: Instant | None = Field(default=None, description="Created at this instant or later.")
    until: Instant | None = Field(default=None, description="Created before this instant.")


class EntityToAllocate(Shape):
    sampled_entity: IndexedText
    sampled_value: IndexedText | None = Field(default=None, description="Left out: what the criterion samples.")
    attributes: dict[str, Any] = Field(
        default_factory=dict, description='Records by model: {"User": {"country": "US"}}.'
    )


class EntitiesToAllocate(Shape):
    entities: Annotated[list[EntityToAllocate], Field(max_length=MOST_AT_ONCE)]


class Allocation(Shape):
    sampled_entity: str
    eligible: bool
    reason: str | None = Field(description="Why it got no bucket.")
    allocated_bucket: str | None
    sample: BucketedSample | None


class Allocations(Shape):
    allocations: list[Allocation]


class EntityToEvaluate(Shape):
    attributes: dict[str, Any] = Field(default_factory=dict)


class Evaluation(Shape):
    qualifies: bool
    sampled_value: str
    reason: str | None
    unknown_operators: list[str]


class ExperimentCheck(Shape):
    ready: bool
    problems: list[str]
    unknown_operators: list[str]
    percentage_total: float


class AgainstControl(Shape):
    """A bucket against the control, the first bucket unless another is named in the admin; 95 % intervals."""

    difference: float
    difference_interval: list[float]
    lift: float | None = Field(description="The difference as a share of the control's value.")
    lift_interval: list[float] | None
    p_value: float | None


class BucketStats(Shape):
    bucket_name: str
    total: int
    complete: int
    completion_rate: float | None
    expected_share: float | None = Field(description="0 to 1; null for a bucket that the experiment does not have.")
    first_sampled_at: datetime | None
    last_sampled_at: datetime | None
    outcomes: int
    outcome_mean: float | None
    outcome_stddev: float | None
    completion_against_control: AgainstControl | None
    outcome_against_control: AgainstControl | None


class SampleStats(Shape):
    experiment_id: UUID
    total: int
    complete: int
    sample_ratio_p_value: float | None = Field(description="Small (below 0.001): the split is not the designed one.")
    buckets: list[BucketStats]
