"""What an analyst asks of an experiment: `/check`, `/samples/stats` and `/samples/export`."""

import math
from datetime import UTC, datetime

from config.wire.door import action
from config.wire.experiment_api import additions, shapes
from config.wire.experiment_api.answering import Streamed, answer, speaks
from config.wire.experiment_api.describing import described
from config.wire.experiment_api.doors import ExperimentApiDoor, streaming
from config.wire.experiment_api.reading import reading
from config.wire.message import Answer, Request
from events.stats.proportions import Comparison
from experiments.selectors import comparison
from sampling import counts, exports, readiness
from sampling.counts import BucketCount


@speaks
def check(request: Request) -> Answer:
    """Check

    Whether the experiment can allocate, and all that stands in its way.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    found = readiness.check(experiment=comparison(uid=at.experiment_id), now=datetime.now(UTC))
    report = additions.ExperimentCheck(
        ready=found.is_ready,
        problems=list(found.problems),
        unknown_operators=list(found.unknown_operators),
        percentage_total=float(found.shares_total),
    )
    return answer(report)


@speaks
def stats(request: Request) -> Answer:
    """Stats

    Samples per bucket, the chance of a split at least as far from the shares as this one, and how completions and
    outcomes compare with the control's.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
    counted = counts.count(experiment=comparison(uid=at.experiment_id))
    report = additions.SampleStats(
        experiment_id=at.experiment_id,
        total=sum(row.total for row in counted.buckets),
        complete=sum(row.complete for row in counted.buckets),
        sample_ratio_p_value=counted.sample_ratio_p,
        buckets=[_bucket(row) for row in counted.buckets],
    )
    return answer(report)


@speaks
def export_samples(request: Request) -> Answer:
    """Export Samples

    All samples, oldest first, as CSV or as JSON lines with the same columns, in a stream.
    """
    with reading(request) as read:
        at = read.path(shapes.OfExperiment)
        asked = read.query(additions.SampleExport)
    found = exports.selected(experiments=[comparison(uid=at.experiment_id)], since=asked.since, until=asked.until)
    write, kind = STREAMS[asked.format]
    parts = (data for data, _ in write(found))
    name = f'attachment; filename="samples-{at.experiment_id}.{asked.format}"'
    return Streamed(content_type=kind, headers=(("Content-Disposition", name),), parts=parts)


CSV, NDJSON = "text/csv; charset=utf-8", "application/x-ndjson"
STREAMS = {"csv": (exports.as_csv, CSV), "ndjson": (exports.as_jsonl, NDJSON)}


def _bucket(row: BucketCount) -> additions.BucketStats:
    return additions.BucketStats(
        bucket_name=row.bucket,
        total=row.total,
        complete=row.complete,
        completion_rate=row.completion_rate,
        expected_share=row.share,
        first_sampled_at=row.first_at,
        last_sampled_at=row.last_at,
        outcomes=row.outcomes,
        outcome_mean=row.outcome_mean,
        outcome_stddev=None if row.outcome_variance is None else math.sqrt(row.outcome_variance),
        completion_against_control=_against(row.completion),
        outcome_against_control=_against(row.outcome),
    )


def _against(found: Comparison | None) -> additions.AgainstControl | None:
    if found is None:
        return None
    return additions.AgainstControl(
        difference=found.difference,
        difference_interval=list(found.interval),
        lift=found.lift,
        lift_interval=None if found.lift_interval is None else list(found.lift_interval),
        p_value=found.p_value,
    )


class Reports(ExperimentApiDoor):
    check = described(action(check), path=shapes.OfExperiment, answers=additions.ExperimentCheck, misses="Experiment")
    stats = described(action(stats), path=shapes.OfExperiment, answers=additions.SampleStats, misses="Experiment")
    export = described(
        streaming(export_samples),
        path=shapes.OfExperiment,
        query=additions.SampleExport,
        texts=("text/csv", NDJSON),
        misses="Experiment",
    )
