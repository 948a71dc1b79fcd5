"""Samples: recorded once and for good, completed once. Which bucket we choose ourselves is `sampling.choosing`'s."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from decisions import deciding
from events import ingest
from experiments.errors import Invalid, NotFound
from experiments.models import Experiment, Variation
from sampling import choosing, recording, telling
from sampling.models import Sample
from sampling.recording import NewSample
from sampling.telling import Shown
from users.models import Assignment


def record(*, experiment: Experiment, entity: str, value: str, bucket: str, now: datetime) -> Sample:
    """Store that `entity`, with `value`, was put in `bucket`; an empty one means "you choose". Sticky.

    A sample of the same entity and value is answered as it was first stored. Raises Invalid (field
    `allocated_bucket`) for a bucket the experiment does not have, unless it has none, and where nothing can be chosen.
    """
    stored = _find(experiment, entity, value)
    if stored is not None:
        return stored
    with transaction.atomic():
        assignment = _assignment(experiment, entity, bucket, now)
        arm = assignment.variation.key if assignment and assignment.variation else ""
        is_arm = assignment is not None and bucket in ("", arm)
        linked = assignment if is_arm else None
        person = assignment.unit_id if assignment else entity
        shown = Shown(person, linked.variation_id if linked else _variation_id(experiment, bucket))
        made = NewSample(entity, value, bucket or arm, linked.pk if linked else None, shown)
        recording.insert(experiment=experiment, samples=[made], now=now)
        stored = _find(experiment, entity, value)
        assert stored is not None, "the row was just made or was there before"
        return stored


def _find(experiment: Experiment, entity: str, value: str) -> Sample | None:
    return Sample.objects.filter(experiment=experiment, entity=entity, value=value).first()


def _assignment(experiment: Experiment, entity: str, bucket: str, now: datetime) -> Assignment | None:
    """The entity's remembered arm: the one it has, else the client's choice or ours."""
    if not bucket:
        return choosing.choose(experiment=experiment, entity=entity, now=now)
    arms = {arm.key: arm for arm in Variation.objects.filter(experiment=experiment).order_by("-position", "-id")}
    if not arms:
        return None
    if bucket not in arms:
        raise Invalid(f"This experiment has no bucket {bucket}", field="allocated_bucket")
    assignment, _ = deciding.remember(
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        user_id=entity,
        variation_id=arms[bucket].pk,
        method=Assignment.Method.CLIENT,
        now=now,
    )
    return assignment


def _variation_id(experiment: Experiment, bucket: str) -> int | None:
    arms = Variation.objects.filter(experiment=experiment, key=bucket)
    return arms.order_by("position", "id").values_list("pk", flat=True).first()


def complete(*, experiment_uid: UUID | str, uid: UUID, outcome: float | None, now: datetime) -> Sample:
    """Note that the outcome of a sample is known, and what it is; the first time wins. Raises NotFound."""
    if not isinstance(experiment_uid, UUID):
        raise NotFound("sample", uid)
    with transaction.atomic():
        sample = _held(experiment_uid, uid)
        news = _complete(sample, outcome, now)
        if news:
            _store_completion(sample)
            shown = _shown(sample)
            ingest.store([telling.came(sample=sample, key=key, shown=shown, now=now) for key in news])
        return sample


def _held(experiment_uid: UUID, uid: UUID) -> Sample:
    """The sample, for this transaction alone: of many who complete it one is the first. Raises NotFound."""
    rows = Sample.objects.filter(uid=uid, experiment__uid=experiment_uid).order_by("pk")
    found = rows.select_related("experiment", "assignment").select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound("sample", uid)
    return found


def _complete(sample: Sample, outcome: float | None, now: datetime) -> list[str]:
    """Note on the (unsaved) sample what is new of it; answers what the log is to be told."""
    news: list[str] = []
    if not sample.complete:
        sample.complete, sample.completed_at = True, now
        news.append(telling.COMPLETE)
    if outcome is not None and sample.outcome is None:
        sample.outcome = outcome
        news.append(telling.OUTCOME)
    sample.updated_at = now if news else sample.updated_at
    return news


def _store_completion(sample: Sample) -> None:
    """By `update`: saving would take another look at the clock."""
    Sample.objects.filter(pk=sample.pk).update(
        complete=sample.complete,
        completed_at=sample.completed_at,
        outcome=sample.outcome,
        updated_at=sample.updated_at,
    )


def _shown(sample: Sample) -> Shown:
    arm = sample.assignment
    if arm is None:
        return Shown(sample.entity, _variation_id(sample.experiment, sample.bucket))
    return Shown(arm.unit_id, arm.variation_id)
