"""The only writer of new samples: what is stored for an entity and value once, stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from experiments.identity import new_uids
from experiments.sets import insert_new
from sampling.models import Sample
from sampling.selectors import SampleRow


class NewSample(NamedTuple):
    """A sample to be. `assignment_id` is the remembered arm that `bucket` names, None where there is none."""

    entity: str
    value: str
    bucket: str
    assignment_id: int | None


def insert(*, experiment_id: int, samples: Sequence[NewSample], now: datetime) -> list[SampleRow] | None:
    """Store those whose entity and value have no sample yet, in one statement.

    Answers the rows if all were stored, None if somebody else was quicker with some of them.
    """
    uids = new_uids(len(samples))
    moment = connection.ops.adapt_datetimefield_value(now)
    stored = insert_new(
        into=Sample._meta.db_table,
        columns=(
            ("entity", "value ->> 1"),
            ("value", "value ->> 2"),
            ("bucket", "value ->> 3"),
            ("assignment_id", "CAST(value ->> 4 AS bigint)"),
            ("experiment_id", "%s"),
            ("created_at", "%s"),
            ("updated_at", "%s"),
            ("complete", "false"),
        ),
        fixed=(experiment_id, moment, moment),
        rows=[(uid.hex, *sample) for uid, sample in zip(uids, samples, strict=True)],
    )
    if len(stored) < len(samples):
        return None
    return [
        SampleRow(uid, sample.entity, sample.value, sample.bucket, False, None, now, now)
        for uid, sample in zip(uids, samples, strict=True)
    ]
