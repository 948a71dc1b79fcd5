"""What the log of events is told of samples: who met which arm, and what came of it. Nothing is stored here.

So an analyst finds this dialect's experiments in the same place, and in the same words, as everybody else's.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.ingest import NewEvent, NewExposure
from experiments.models import Experiment, Variation
from sampling.models import Sample

SOURCE = "experiment_api"
KIND, CHANGE = "completion", "bucket_change"
COMPLETE, OUTCOME = "complete", "outcome"
RULE_TYPE = "feature-test"


@dataclass(frozen=True, slots=True)
class Shown:
    """Which person a sample is of, and which arm its bucket is (None: none of ours)."""

    user_id: str
    variation_id: int | None


def met(
    *, experiment: Experiment, uid: UUID, value: str, bucket: str, shown: Shown, not_running: str, now: datetime
) -> NewExposure:
    """A new sample as an exposure; `not_running` is why the experiment did not run at that time, "" when it did."""
    flags = {"not_running": not_running} if not_running else {}
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
        payload={"sample_id": str(uid), "sampled_value": value, **flags},
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


def changed(*, bucket: Variation, before: Decimal | None, now: datetime, gone: bool = False) -> NewEvent:
    """That a share was changed while there were samples; shares are 0..1, None where there was or is no bucket."""
    after = None if gone else float(bucket.weight)
    return NewEvent(
        project_id=bucket.experiment.project_id,
        source=SOURCE,
        kind=CHANGE,
        key=bucket.key,
        user_id="",
        occurred_at=now,
        received_at=now,
        experiment_id=bucket.experiment_id,
        variation_id=bucket.pk,
        value=after,
        payload={"share_before": None if before is None else float(before), "share_after": after},
    )
