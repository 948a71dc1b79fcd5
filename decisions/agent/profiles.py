"""What is remembered of a person, as Optimizely clients know it: `{experiment datafile id: variation datafile id}`.

In an authored project a profile *is* the person's live assignments. A mirrored project has experiments but no rows of
them, so its profiles are kept as they were saved, where a setting allows it (agent contract §4.3).
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from decisions import deciding
from decisions.compile import Snapshot
from decisions.upstream import profile_services
from experiments import texts
from experiments.errors import NotAllowed
from users import assignments, stored_profiles
from users.assignments import Unit
from users.models import Assignment

Arms = Mapping[str, str]


REST = "rest"
KINDS = stored_profiles.NAMES | {REST}


class NoService(NotAllowed):
    """No profiles are kept for this project."""


def is_kept(snapshot: Snapshot, *, service: str | None = None) -> bool:
    """Whether profiles of the project can be looked up and saved; `service` is a name the client asked for."""
    return not snapshot.is_mirrored or _service(service) is not None


def remembers_draws(snapshot: Snapshot, *, service: str | None = None) -> bool:
    """Whether a decision saves what it drew."""
    return _service(service) is not None


def _service(name: str | None) -> str | None:
    config = settings.AGENT_PROFILES
    chosen = config.get("default", "") if name is None else name
    return chosen if chosen in config.get("services", {}) and chosen in KINDS else None


def lookup(snapshot: Snapshot, user_id: str, *, service: str | None = None) -> Arms:
    """A person's arms; empty when nothing is known. Raises NoService."""
    _require(snapshot, service)
    if snapshot.is_mirrored:
        return _store(service).get(project_id=snapshot.project_id, user_id=user_id)
    _, arms = assignments.of_user(user_id=user_id, experiment_ids=list(snapshot.experiments))
    return deciding.profile_of(snapshot, arms)


def save(snapshot: Snapshot, user_id: str, arms: Arms, *, now: datetime, service: str | None = None) -> None:
    """Replace a person's profile. Raises NoService.

    In an authored project only arms that came from a profile are replaced: what a person was given or marked with by
    other means stays, and ids the project does not know are left out.
    """
    _require(snapshot, service)
    if snapshot.is_mirrored:
        _store(service).put(project_id=snapshot.project_id, user_id=user_id, arms=arms)
        return
    with transaction.atomic():
        root = assignments.root_id(user_id=user_id)
        _end_other_arms(snapshot, Unit(root), arms, now)
        _remember(snapshot, root, arms, now)


def remember(
    snapshot: Snapshot, user_id: str, arms: Arms, *, before: Arms, now: datetime, service: str | None = None
) -> None:
    """Add newly drawn arms to a person's profile as it was looked up `before`, in one write."""
    if snapshot.is_mirrored:
        _store(service).put(project_id=snapshot.project_id, user_id=user_id, arms={**before, **arms})
        return
    with transaction.atomic():
        _remember(snapshot, user_id, arms, now)


def _require(snapshot: Snapshot, service: str | None) -> None:
    if not is_kept(snapshot, service=service):
        raise NoService("no user profile service found")


def _store(service: str | None) -> stored_profiles.Store:
    name = _service(service)
    assert name is not None, "the caller asked `is_kept`"
    config = settings.AGENT_PROFILES["services"][name] or {}
    return profile_services.service(config) if name == REST else stored_profiles.store(name, config)


def _end_other_arms(snapshot: Snapshot, unit: Unit, arms: Arms, now: datetime) -> None:
    for experiment in snapshot.experiments.values():
        stored = assignments.find(experiment_id=experiment.id, unit=unit)
        if stored is None or stored.method != Assignment.Method.PROFILE:
            continue
        arm = experiment.arm(stored.variation_id)
        if arm is None or arms.get(experiment.datafile_id) != arm.datafile_id:
            assignments.end(experiment_id=experiment.id, unit=unit, now=now)


def _remember(snapshot: Snapshot, user_id: str, arms: Arms, now: datetime) -> None:
    texts.check(user_id, field="userId")
    for experiment_id, variation_id in arms.items():
        experiment = snapshot.by_datafile_id.get(experiment_id)
        arm = None if experiment is None else experiment.arm_by_datafile_id(variation_id)
        if experiment is not None and arm is not None:
            deciding.remember(
                project_id=snapshot.project_id,
                experiment_id=experiment.id,
                user_id=user_id,
                variation_id=arm.id,
                method=Assignment.Method.PROFILE,
                now=now,
            )
