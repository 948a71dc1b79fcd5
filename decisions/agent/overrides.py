"""Overrides of an experiment for one person, for debugging: kept in the cache that all processes share.

They are read before lists and draws and are never assignments (agent contract §4.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from decisions.compile import Snapshot
from decisions.drawing import recalling
from users import shared_memory

SPACE = "override"
NO_EXPERIMENT = "experimentKey not found in configuration"
NO_VARIATION = "variationKey not found in configuration"
UPDATED = "updating previous override"
REMOVED = "removing previous override"
NOTHING = "no pre-existing override"


@dataclass(frozen=True, slots=True)
class Overridden:
    """What was there before ("" for nothing) and what is to be said about it."""

    previous: str
    messages: tuple[str, ...]


def of_user(snapshot: Snapshot, user_id: str) -> Mapping[str, str]:
    """`{experiment key: variation key}` for one person."""
    stored = shared_memory.get(SPACE, project_id=snapshot.project_id, key=user_id)
    return stored or {}


def in_force(snapshot: Snapshot, user_id: str) -> Mapping[str, str]:
    """The same for a decision, which does without while they are out of reach."""
    return recalling.unless_away(lambda: of_user(snapshot, user_id), otherwise={})


def put(snapshot: Snapshot, *, user_id: str, experiment_key: str, variation_key: str) -> Overridden:
    """Override an arm, or with an empty `variation_key` stop doing so. Unknown keys are stored all the same.

    Two at once for one person: both count.
    """
    with shared_memory.turn(SPACE, project_id=snapshot.project_id, key=user_id):
        return _put(snapshot, user_id, experiment_key, variation_key)


def _put(snapshot: Snapshot, user_id: str, experiment_key: str, variation_key: str) -> Overridden:
    stored = dict(of_user(snapshot, user_id))
    previous = stored.pop(experiment_key, "")
    if variation_key:
        stored[experiment_key] = variation_key
        messages = _faults(snapshot, experiment_key, variation_key) + ((UPDATED,) if previous else ())
    else:
        messages = (REMOVED,) if previous else (NOTHING,)
    shared_memory.put(SPACE, stored, project_id=snapshot.project_id, key=user_id)
    return Overridden(previous, messages)


def _faults(snapshot: Snapshot, experiment_key: str, variation_key: str) -> tuple[str, ...]:
    rules = [rule for rule in snapshot.engine.datafile.experiments if rule.key == experiment_key]
    if not rules:
        return (NO_EXPERIMENT,)
    known = {variation.key for variation in rules[-1].variations}
    return () if variation_key in known else (NO_VARIATION,)
