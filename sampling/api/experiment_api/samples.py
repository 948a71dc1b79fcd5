"""`/api/v1/experiments/{experiment_id}/samples`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from orjson import Fragment

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, answer_plain, array, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.paging import before, next_token
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from config.wire.uncollected import uncollected
from experiments.selectors import comparison
from sampling import sampling, selectors
from sampling.models import Sample
from sampling.selectors import SampleRow

MOST_SAMPLES = 100_000
NO_LIMIT = 10_000  # what the document's database driver gives when it is asked for 0


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
    return answer_plain(sample_fields(sample, at.experiment_id))


@speaks
@uncollected
def list_samples(request: Request) -> Answer:
    """List Samples

    Newest first; an array, or an envelope as soon as `page_token` is asked for.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        asked = read.query(additions.SampleListing)
    samples = selectors.samples(experiment=comparison(uid=at.experiment_id), filters=_filters(asked))
    limit = min(asked.limit or NO_LIMIT, MOST_SAMPLES)
    if asked.page_token is None:
        return answer_plain(_array(selectors.rows(samples[:limit]), at.experiment_id))
    found = selectors.rows(before(samples, asked.page_token)[: limit + 1])
    page = _array(found[:limit], at.experiment_id)
    return answer_plain({"samples": page, "next_page_token": next_token(found, limit=limit)})


@speaks
def get_sample(request: Request) -> Answer:
    """Get Sample"""
    with reading(request) as read:
        at = read.path(additions.InExperiment)
    sample = selectors.sample(uid=at.sample_id, experiment=comparison(uid=at.experiment_id))
    return answer_plain(sample_fields(sample, at.experiment_id))


@speaks
def delete_sample(request: Request) -> Answer:
    """Delete Sample

    The entity's arm stays remembered: whoever is sampled again gets the same bucket.
    """
    with reading(request) as read:
        at = read.path(additions.InExperiment)
    selectors.sample(uid=at.sample_id, experiment=comparison(uid=at.experiment_id)).delete()
    return answer(shapes.Deleted(message=f"sample {at.sample_id} deleted successfully"), status=202)


@speaks
def mark_sample_complete(request: Request) -> Answer:
    """Mark Sample Complete"""
    with reading(request) as read:
        at = read.path(shapes.OfSample)
        body = read.optional_body(additions.SampleCompletion)
    sample = sampling.complete(
        experiment_uid=at.experiment_id, uid=at.sample_id, outcome=body.outcome, now=datetime.now(UTC)
    )
    return answer_plain(sample_fields(sample, sample.experiment.uid))


def _filters(asked: additions.SampleListing) -> dict[str, object]:
    named = {
        "entity": asked.sampled_entity,
        "value": asked.sampled_value,
        "bucket": asked.bucket,
        "complete": asked.complete,
        "created_at__gte": asked.since,
    }
    return {name: value for name, value in named.items() if value is not None}


def _array(rows: Sequence[SampleRow], experiment_uid: UUID) -> Fragment:
    return array(sample_fields(row, experiment_uid) for row in rows)


def sample_fields(row: Sample | SampleRow, experiment_uid: UUID) -> Mapping[str, object]:
    """`shapes.BucketedSample` as a plain mapping: a list may hold a hundred thousand."""
    return {
        "experiment_id": experiment_uid,
        "sampled_value": row.value,
        "sampled_entity": row.entity,
        "allocated_bucket": row.bucket,
        "id": row.uid,
        "complete": row.complete,
        "completed_at": row.completed_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


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
        query=additions.SampleListing,
        answers=[shapes.BucketedSample],
        page="samples",
        misses="Experiment",
    )
    complete = described(
        action(mark_sample_complete),
        path=shapes.OfSample,
        optional_body=additions.SampleCompletion,
        answers=shapes.BucketedSample,
        misses="Sample",
    )
    retrieve = described(
        action(get_sample), path=additions.InExperiment, answers=shapes.BucketedSample, misses="Experiment or sample"
    )
    destroy = described(
        action(delete_sample),
        path=additions.InExperiment,
        answers=shapes.Deleted,
        status=202,
        misses="Experiment or sample",
    )
