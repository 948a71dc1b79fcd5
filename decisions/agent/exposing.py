"""Which decisions are exposures, and their rows for the event log (agent contract §4.4). Nothing is decided here."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from decisions.compile import Snapshot
from decisions.engine import ExperimentDecision, Outcome, Subject
from decisions.upstream import forwarding
from events import ingest
from events.ingest import NewExposure

ALWAYS_TOLD = frozenset({"feature-test", "holdout"})


def note(
    snapshot: Snapshot,
    subject: Subject,
    outcomes: Iterable[Outcome],
    *,
    source: str,
    now: datetime,
    cmab_uuids: Mapping[str, str] | None = None,
) -> None:
    """Record that a person met these outcomes. `cmab_uuids` are prediction ids by flag key.

    Raises Invalid for a user id that cannot be stored and Unavailable when nothing can be.
    """
    rows = [
        _of_flag(snapshot, subject, outcome, source, now, (cmab_uuids or {}).get(outcome.flag_key, ""))
        for outcome in outcomes
        if is_exposure(snapshot, outcome)
    ]
    if rows:
        ingest.note(rows)
        forwarding.forward(snapshot, rows)


def note_experiments(
    snapshot: Snapshot, subject: Subject, decisions: Iterable[ExperimentDecision], *, source: str, now: datetime
) -> None:
    """Record the arms of experiments that were asked for by key; without an arm nobody met anything."""
    rows = [_of_experiment(snapshot, subject, each, source, now) for each in decisions if each.variation is not None]
    if rows:
        ingest.note(rows)
        forwarding.forward(snapshot, rows)


def is_exposure(snapshot: Snapshot, outcome: Outcome) -> bool:
    """Arms of tests and holdouts always; the rest where the datafile asks for it. What could not be decided never."""
    if outcome.source in ALWAYS_TOLD:
        return True
    engine = snapshot.engine
    return engine.datafile.send_flag_decisions and engine.knows(outcome.flag_key) and not engine.is_failure(outcome)


def row_ids(snapshot: Snapshot, experiment_id: str, variation_id: str) -> tuple[int | None, int | None]:
    """The rows behind datafile ids; None for what this server has no row of."""
    experiment = snapshot.by_datafile_id.get(experiment_id)
    if experiment is None:
        return None, None
    arm = experiment.arm_by_datafile_id(variation_id)
    return experiment.id, None if arm is None else arm.id


def _of_flag(
    snapshot: Snapshot, subject: Subject, outcome: Outcome, source: str, now: datetime, cmab_uuid: str
) -> NewExposure:
    experiment_id, variation_id = row_ids(snapshot, outcome.experiment_id, outcome.variation_id)
    return NewExposure(
        project_id=snapshot.project_id,
        source=source,
        user_id=subject.user_id,
        occurred_at=now,
        received_at=now,
        experiment_id=experiment_id,
        variation_id=variation_id,
        flag_key=outcome.flag_key,
        rule_key=outcome.rule_key,
        rule_type="rollout" if outcome.source == "none" else outcome.source,
        variation_key=outcome.variation_key,
        payload={
            "campaign_id": outcome.layer_id,
            "experiment_id": outcome.experiment_id,
            "variation_id": outcome.variation_id,
            "enabled": outcome.enabled,
            "attributes": subject.attributes,
            **({"cmab_uuid": cmab_uuid} if cmab_uuid else {}),
        },
    )


def _of_experiment(
    snapshot: Snapshot, subject: Subject, decision: ExperimentDecision, source: str, now: datetime
) -> NewExposure:
    assert decision.variation is not None
    experiment_id, variation_id = row_ids(snapshot, decision.experiment_id, decision.variation.id)
    return NewExposure(
        project_id=snapshot.project_id,
        source=source,
        user_id=subject.user_id,
        occurred_at=now,
        received_at=now,
        experiment_id=experiment_id,
        variation_id=variation_id,
        rule_key=decision.experiment_key,
        rule_type="experiment",
        variation_key=decision.variation.key,
        payload={
            "campaign_id": decision.layer_id,
            "experiment_id": decision.experiment_id,
            "variation_id": decision.variation.id,
            "enabled": True,
            "attributes": subject.attributes,
            **({"cmab_uuid": decision.cmab_uuid} if decision.cmab_uuid else {}),
        },
    )
