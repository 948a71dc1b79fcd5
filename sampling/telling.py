"""What the log of events is told of samples: who met which arm, and what came of it. Nothing is stored here.

So an analyst finds this dialect's experiments in the same place, and in the same words, as everybody else's.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.ingest import NewEvent, NewExposure
from experiments.models import Experiment
from sampling.models import Sample

SOURCE = "experiment_api"
KIND = "completion"
COMPLETE, OUTCOME = "complete", "outcome"
RULE_TYPE = "feature-test"


@dataclass(frozen=True, slots=True)
class Shown:
    """Which person a sample is of, and which arm its bucket is (None: none of ours)."""

    user_id: str
    variation_id: int | None


def met(*, experiment: Experiment, uid: UUID, value: str, bucket: str, shown: Shown, now: datetime) -> NewExposure:
    """A new sample as an exposure."""
    return NewExposure(
        project_id=experiment.project_id,
        source=SOURCE,
        user_id=shown.user_id,
        occurred_at=now,
        received_at=now,
        experiment_id=experiment.pk,
        variation_id=shown.variation_id,
        rule_key=experiment.key,
        rule_type=RULE_TYPE,
        variation_key=bucket,
        payload={"sample_id": str(uid), "sampled_value": value},
    )


def came(*, sample: Sample, key: str, shown: Shown, now: datetime) -> NewEvent:
    """That a sample is complete, or has its outcome."""
    return NewEvent(
        project_id=sample.experiment.project_id,
        source=SOURCE,
        kind=KIND,
        key=key,
        user_id=shown.user_id,
        occurred_at=now,
        received_at=now,
        experiment_id=sample.experiment_id,
        variation_id=shown.variation_id,
        value=sample.outcome if key == OUTCOME else None,
        payload={"sample_id": str(sample.uid), "sampled_value": sample.value, "allocated_bucket": sample.bucket},
    )
