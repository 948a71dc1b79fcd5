"""Allocation: criteria, arm and sample of one entity or of ten thousand, in a fixed number of statements.

An entity's stored sample comes first, then its remembered arm; only who has neither must qualify and is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from decisions import deciding, snapshots
from decisions.compile import Snapshot
from decisions.engine import Subject
from experiments.models import Experiment, Variation
from experiments.sets import Among
from sampling import choosing, qualifying, readiness, recording, selectors
from sampling.qualifying import Verdict
from sampling.recording import NewSample
from sampling.selectors import SampleRow
from sampling.telling import Shown
from users import assignments
from users.models import Assignment

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity and what is known of it: records by model. `value` None: what the criterion samples of them."""

    entity: str
    value: str | None = None
    records: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A candidate's sample, or the reason why it has none."""

    entity: str
    sample: SampleRow | None = None
    reason: str = ""


class _Asked(NamedTuple):
    """A candidate's sample, as it is looked up, with its person and what the criteria say."""

    key: Key
    user_id: str
    reason: str
    records: Mapping[str, Any]
    models: Sequence[str]


def allocate(*, experiment: Experiment, candidates: Sequence[Candidate], now: datetime) -> list[Allocation]:
    """A bucket for every candidate, in their order; sticky, and the same arm as in every other dialect.

    Nobody gets one while the experiment is closed (`readiness.why_closed`).
    """
    closed = readiness.why_closed(experiment=experiment, now=now)
    if closed:
        return [Allocation(candidate.entity, reason=closed) for candidate in candidates]
    asked = _ask(experiment, candidates)
    with transaction.atomic():
        samples = _stored(experiment, asked)
        waiting = [each for each in asked if each.key not in samples]
        arms = _arms(experiment, waiting, now) if waiting else {}
        made = _sampled(experiment, waiting, arms)
        if made:
            rows = recording.insert(experiment=experiment, samples=made, now=now)
            samples |= _stored(experiment, waiting) if rows is None else _by_key(rows)
    return [_answer(each, samples.get(each.key)) for each in asked]


def _ask(experiment: Experiment, candidates: Sequence[Candidate]) -> list[_Asked]:
    criteria = qualifying.of(experiment=experiment)
    roots = assignments.root_ids(user_ids=[candidate.entity for candidate in candidates])
    models = [rule.model for rule in criteria.rules]
    return [
        _asked(each, roots.get(each.entity, each.entity), criteria.judge(each.records), models) for each in candidates
    ]


def _asked(candidate: Candidate, user_id: str, verdict: Verdict, models: Sequence[str]) -> _Asked:
    value = verdict.sampled_value if candidate.value is None else candidate.value
    return _Asked((candidate.entity, value), user_id, verdict.reason, candidate.records, models)


def _stored(experiment: Experiment, asked: Iterable[_Asked]) -> dict[Key, SampleRow]:
    entities = {each.key[0] for each in asked}
    found = selectors.rows(selectors.samples(experiment=experiment).filter(Among("entity", entities)))
    return _by_key(found)


def _by_key(rows: Iterable[SampleRow]) -> dict[Key, SampleRow]:
    return {(row.entity, row.value): row for row in rows}


def _arms(experiment: Experiment, asked: Sequence[_Asked], now: datetime) -> Mapping[str, tuple[int, int | None]]:
    """`{user id: (assignment id, variation id)}` of everybody who has or now gets an arm."""
    live = assignments.live(experiment_id=experiment.pk, user_ids=[each.user_id for each in asked])
    snapshot = snapshots.as_of(project=experiment.project)
    drawn = _drawn(snapshot, experiment, [row for row in asked if row.user_id not in live and not row.reason])
    if not drawn:
        return live
    remembered = deciding.remember_many(
        snapshot=snapshot,
        experiment_id=experiment.pk,
        arms=drawn,
        method=Assignment.Method.DRAW,
        now=now,
    )
    return {**live, **remembered}


def _drawn(snapshot: Snapshot, experiment: Experiment, asked: Sequence[_Asked]) -> dict[str, int]:
    comparison = snapshot.experiments.get(experiment.pk)
    if comparison is None:
        return {}
    know = _known if comparison.row["audience"] is not None else _nothing_known
    arms = {each.user_id: deciding.draw(snapshot, comparison, know(each)) for each in asked}
    return {user: arm.id for user, arm in arms.items() if arm is not None}


def _known(asked: _Asked) -> Subject:
    return Subject(asked.user_id, qualifying.flat(asked.records, asked.models))


def _nothing_known(asked: _Asked) -> Subject:
    return Subject(asked.user_id, {})


def _sampled(
    experiment: Experiment, asked: Iterable[_Asked], arms: Mapping[str, tuple[int, int | None]]
) -> list[NewSample]:
    found = {each.key: each.user_id for each in asked if each.user_id in arms}
    names = dict(Variation.objects.filter(experiment=experiment).values_list("pk", "key"))
    return [
        NewSample(entity, value, names[arm], assignment, Shown(user, arm))
        for (entity, value), user in found.items()
        for assignment, arm in (arms[user],)
        if arm in names  # one that was deleted and not published yet is refused at the commit
    ]


def _answer(asked: _Asked, sample: SampleRow | None) -> Allocation:
    reason = "" if sample is not None else asked.reason or choosing.NOT_LET_IN
    return Allocation(asked.key[0], sample, reason)
