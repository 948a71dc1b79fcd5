"""`/api/v1/experiments/{experiment_id}/buckets`."""

from datetime import UTC, datetime

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from decisions import lifecycle
from experiments import buckets, selectors
from experiments.models import Variation
from sampling import shares


@speaks
def create_bucket(request: Request) -> Answer:
    """Create Bucket"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        body = read.body(shapes.ExperimentBucketCreate)
    experiment = selectors.comparison(uid=at.experiment_id)
    now = datetime.now(UTC)
    with lifecycle.publishing(project=experiment.project, now=now):
        bucket = shares.put(
            experiment=experiment, name=body.bucket_name, percentage=body.percentage_distribution, now=now
        )
    return answer(_bucket(bucket))


@speaks
def list_buckets(request: Request) -> Answer:
    """List Buckets"""
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    rows = buckets.of(experiment=selectors.comparison(uid=at.experiment_id))
    return answer([_bucket(row) for row in rows.select_related("experiment")])


@speaks
def update_bucket(request: Request) -> Answer:
    """Update Bucket

    Changes the share; the name is what samples were told and stays.
    """
    with reading(request) as read:
        at = read.path(additions.OfBucket)
        body = read.body(additions.ExperimentBucketUpdate)
    experiment = selectors.comparison(uid=at.experiment_id)
    now = datetime.now(UTC)
    with lifecycle.publishing(project=experiment.project, now=now):
        present = buckets.named(experiment=experiment, name=at.bucket_name)
        bucket = shares.put(experiment=experiment, name=present.key, percentage=body.percentage_distribution, now=now)
    return answer(_bucket(bucket))


@speaks
def delete_bucket(request: Request) -> Answer:
    """Delete Bucket

    Refused once somebody was put in it: give it a share of 0 instead, and nobody new gets it.
    """
    with reading(request) as read:
        at = read.path(additions.OfBucket)
    experiment = selectors.comparison(uid=at.experiment_id)
    now = datetime.now(UTC)
    with lifecycle.publishing(project=experiment.project, now=now):
        shares.remove(experiment=experiment, name=at.bucket_name, now=now)
    return answer(shapes.Deleted(message=f"bucket {at.bucket_name} deleted successfully"), status=202)


def _bucket(row: Variation) -> shapes.ExperimentBucket:
    return shapes.ExperimentBucket(
        experiment_id=row.experiment.uid,
        bucket_name=row.key,
        percentage_distribution=round(row.weight * buckets.PERCENT),
        created_at=row.created_at,
        updated_at=row.updated_at,
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
    partial_update = described(
        action(update_bucket),
        path=additions.OfBucket,
        body=additions.ExperimentBucketUpdate,
        answers=shapes.ExperimentBucket,
        misses="Experiment or bucket",
    )
    destroy = described(
        action(delete_bucket),
        path=additions.OfBucket,
        answers=shapes.Deleted,
        status=202,
        misses="Experiment or bucket",
    )
