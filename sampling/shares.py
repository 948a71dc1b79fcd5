"""Buckets of an experiment that may have samples: what changes is told to the log, what was given stays.

Nothing here publishes (`decisions.lifecycle`).
"""

from datetime import datetime

from events import ingest
from experiments import buckets
from experiments.errors import Conflict
from experiments.models import Experiment, Variation
from sampling import telling
from sampling.models import Sample
from users import assignments


def put(*, experiment: Experiment, name: str, percentage: int, now: datetime) -> Variation:
    """As `experiments.buckets.put`; a change once there are samples is told to the log, for it explains their split."""
    before = buckets.of(experiment=experiment).filter(key=name).values_list("weight", flat=True).first()
    bucket = buckets.put(experiment=experiment, name=name, percentage=percentage)
    if before != bucket.weight and _has_samples(experiment):
        ingest.store([telling.changed(bucket=bucket, before=before, now=now)])
    return bucket


def remove(*, experiment: Experiment, name: str, now: datetime) -> None:
    """Delete a bucket. Raises NotFound, and Conflict where somebody was put in it: their arm must not be forgotten."""
    bucket = buckets.named(experiment=experiment, name=name)
    sampled = Sample.objects.filter(experiment=experiment, bucket=name).exists()
    if sampled or assignments.were_given(variation_ids=[bucket.pk]):
        raise Conflict(f"Somebody was put in bucket {name}; give it a share of 0 instead")
    if _has_samples(experiment):
        ingest.store([telling.changed(bucket=bucket, before=bucket.weight, now=now, gone=True)])
    bucket.delete()


def _has_samples(experiment: Experiment) -> bool:
    return Sample.objects.filter(experiment=experiment).exists()
