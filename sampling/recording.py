"""The only writer of new samples: what is stored for an entity and value once, stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from events import ingest
from experiments.identity import new_uids
from experiments.models import Experiment
from experiments.sets import insert_new
from sampling import readiness, telling
from sampling.models import Sample
from sampling.selectors import SampleRow
from sampling.telling import Shown


class NewSample(NamedTuple):
    """A sample to be. `assignment_id` is the remembered arm that `bucket` names, None where there is none."""

    entity: str
    value: str
    bucket: str
    assignment_id: int | None
    shown: Shown


def insert(*, experiment: Experiment, samples: Sequence[NewSample], now: datetime) -> list[SampleRow] | None:
    """Store those whose entity and value have no sample yet, in one statement, and tell the log of them.

    Answers the rows if all were stored, None if somebody else was quicker with some of them. To be called in a
    transaction: sample and exposure are there both or neither.
    """
    samples = sorted(samples, key=_place)  # in one order everywhere, so that two batches never wait for each other
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
        fixed=(experiment.pk, moment, moment),
        rows=[(uid.hex, *sample[:4]) for uid, sample in zip(uids, samples, strict=True)],
        returning=("entity", "value"),
    )
    made = list(zip(uids, samples, strict=True))
    if len(stored) < len(samples):
        new = set(stored)
        _tell(experiment, [(uid, sample) for uid, sample in made if sample[:2] in new], now)
        return None
    _tell(experiment, made, now)
    return [SampleRow(uid, sample.entity, sample.value, sample.bucket, False, None, now, now) for uid, sample in made]


def _place(sample: NewSample) -> tuple[str, str]:
    return sample.entity, sample.value


def _tell(experiment: Experiment, made: Sequence[tuple[UUID, NewSample]], now: datetime) -> None:
    not_running = readiness.why_not_running(experiment=experiment, now=now)
    exposures = [
        telling.met(
            experiment=experiment,
            uid=uid,
            value=sample.value,
            bucket=sample.bucket,
            shown=sample.shown,
            not_running=not_running,
            now=now,
        )
        for uid, sample in made
    ]
    ingest.store(exposures)
