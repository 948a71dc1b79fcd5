"""What a correct Test Lab SDK would answer for a user, decided here (testlab contract §3.2).

What was recorded of a user always counts first. After that `server` decides as every other dialect does, and `js`,
`ruby` and `python` place the user by the hash of that SDK, so that mixed back-ends can agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from decisions import deciding, snapshots
from decisions.compile import Snapshot
from decisions.engine import Subject
from decisions.lab import current
from decisions.lab.current import Current
from experiments.errors import Invalid
from features import sdk_hashes
from features.catalogue import Feature, Variant
from features.models import Flag
from users import assignments, recorded

SERVER = "server"
FAMILIES = (SERVER, *sdk_hashes.HASHES)

Value = bool | Variant
"""A toggle or roll-out is on or off; an experiment gives a variant, or False to those who are not in it."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One user before the features of one moment."""

    user_id: str
    seen: Current
    snapshot: Snapshot
    recorded: frozenset[int]


def evaluate(
    *, project_key: str, user_id: str, names: Iterable[str] | None, family: str, now: datetime
) -> Mapping[str, Value]:
    """Each feature's value by name: the named ones, all current ones for None. An unknown one is False.

    Raises Invalid for a family that there is not and for an id that cannot be stored.
    """
    if family not in FAMILIES:
        raise Invalid(f"hash is one of {', '.join(FAMILIES)}", field="hash")
    recorded.check_id(user_id)
    seen = current.at(project_key=project_key, now=now)
    snapshot = snapshots.for_project(seen.project_id)
    root, arms = assignments.of_user(user_id=user_id, experiment_ids=list(snapshot.experiments))
    case = _Case(root if family == SERVER else user_id, seen, snapshot, frozenset(filter(None, arms.values())))
    features = {row.name: row for row in reversed(seen.features)}
    wanted = list(features)[::-1] if names is None else names
    return {name: _value(features.get(name), case, family) for name in wanted}


def _value(feature: Feature | None, case: _Case, family: str) -> Value:
    if feature is None or not feature.is_running:
        return False
    if feature.kind == Flag.Kind.TOGGLE:
        return True
    decide = _by_server if family == SERVER else _by_hash
    if feature.kind == Flag.Kind.ROLLOUT:
        return decide(feature, case, family)
    kept = next((variant for variant in feature.variants if variant.id in case.recorded), None)
    return kept or decide(feature, case, family)


def _by_hash(feature: Feature, case: _Case, family: str) -> Value:
    hashed = sdk_hashes.HASHES[family]
    if feature.kind == Flag.Kind.ROLLOUT:
        return hashed(case.user_id + feature.name) < feature.share
    value = hashed(case.user_id)
    number = sdk_hashes.block(family, value)
    enrolled = any(block.id == number and block.feature_id == feature.id for block in case.seen.blocks)
    return (sdk_hashes.variant(value, number, feature.variants) if enrolled else None) or False


def _by_server(feature: Feature, case: _Case, family: str) -> Value:
    subject = Subject(case.user_id, {})
    if feature.kind == Flag.Kind.ROLLOUT:
        return case.snapshot.engine.decide(feature.name, subject).enabled
    ids = {variant.id: variant for variant in feature.variants}
    for experiment in case.snapshot.experiments.values():
        if any(arm.id in ids for arm in experiment.arms):
            drawn = deciding.draw(case.snapshot, experiment, subject)
            return ids.get(drawn.id, False) if drawn else False
    return False
