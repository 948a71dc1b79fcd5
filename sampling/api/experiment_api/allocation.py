"""`/api/v1/experiments/{experiment_id}/allocate`, for one entity or many, and `/evaluate`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, answer_plain, array, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from config.wire.uncollected import uncollected
from experiments.selectors import comparison
from sampling import allocating, qualifying
from sampling.allocating import Candidate
from sampling.api.experiment_api.samples import sample_fields


@speaks
def allocate(request: Request) -> Answer:
    """Allocate

    Evaluates the criteria, chooses the bucket and stores the sample; an entity that was sampled before keeps its
    bucket. The bucket is the one every other client of this server gets for the same user id.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(additions.EntityToAllocate)
    [allocation] = _allocated(at.experiment_id, [body])
    return answer_plain(allocation)


@speaks
@uncollected
def allocate_many(request: Request) -> Answer:
    """Allocate Many

    The same for up to 10000 entities, all or none, answered in their order.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(additions.EntitiesToAllocate)
    return answer_plain({"allocations": array(_allocated(at.experiment_id, body.entities))})


@speaks
def evaluate(request: Request) -> Answer:
    """Evaluate

    What the criteria say of these records; nothing is stored.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(additions.EntityToEvaluate)
    criteria = qualifying.of(experiment=comparison(uid=at.experiment_id))
    verdict = criteria.judge(body.attributes)
    evaluation = additions.Evaluation(
        qualifies=verdict.qualifies,
        sampled_value=verdict.sampled_value,
        reason=verdict.reason or None,
        unknown_operators=list(criteria.unknown_operators()),
    )
    return answer(evaluation)


def _allocated(experiment_uid: UUID, entities: Sequence[additions.EntityToAllocate]) -> Iterator[Mapping[str, object]]:
    """`additions.Allocation` of each, to be written at once."""
    allocations = allocating.allocate(
        experiment=comparison(uid=experiment_uid),
        candidates=[Candidate(each.sampled_entity, each.sampled_value, each.attributes) for each in entities],
        now=datetime.now(UTC),
    )
    return (_allocation(each, experiment_uid) for each in allocations)


def _allocation(row: allocating.Allocation, experiment_uid: UUID) -> Mapping[str, object]:
    return {
        "sampled_entity": row.entity,
        "eligible": row.sample is not None,
        "reason": row.reason or None,
        "allocated_bucket": None if row.sample is None else row.sample.bucket,
        "sample": None if row.sample is None else sample_fields(row.sample, experiment_uid),
    }


class Allocation(ExperimentApiDoor):
    allocate = described(
        action(allocate),
        path=shapes.OfExperiment,
        body=additions.EntityToAllocate,
        answers=additions.Allocation,
        misses="Experiment",
    )
    allocate_many = described(
        action(allocate_many),
        path=shapes.OfExperiment,
        body=additions.EntitiesToAllocate,
        answers=additions.Allocations,
        misses="Experiment",
    )
    evaluate = described(
        action(evaluate),
        path=shapes.OfExperiment,
        body=additions.EntityToEvaluate,
        answers=additions.Evaluation,
        misses="Experiment",
    )
