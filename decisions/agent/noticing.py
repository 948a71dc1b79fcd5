"""What listeners are told of decisions and conversions, as the Agent says it (agent contract §4.5).

With nobody listening nothing is rendered. `events.notices` carries what is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from decisions.compile import Snapshot
from decisions.engine import Decision, ExperimentDecision, Outcome, gojson
from events import logx
from events.ingest import NewEvent
from events.notices import gate, telling

DECISION, TRACK, CONFIG_UPDATE = "decision", "track", "project_config_update"
NULL = b"null"


def is_wanted(snapshot: Snapshot) -> bool:
    """Whether somebody may listen to the project's SDK key."""
    return bool(settings.AGENT_NOTIFICATIONS) and gate.is_open(snapshot.sdk_key)


def person(user_id: str, attributes: Mapping[str, Any] | None, segments: Iterable[str] | None = None) -> bytes:
    """The `UserContext`: attributes and segments are null where there are none to speak of."""
    return gojson.obj(
        (
            ("ID", gojson.dumps(user_id)),
            ("Attributes", NULL if attributes is None else gojson.dumps(attributes)),
            ("QualifiedSegments", NULL if segments is None else gojson.dumps(sorted(segments))),
        )
    )


def flags(
    snapshot: Snapshot,
    who: bytes,
    decisions: Iterable[Decision],
    told: frozenset[str],
    *,
    with_reasons: bool,
    with_variables: bool,
) -> None:
    """Decided flags. `told` are the keys of those that were recorded as exposures; unknown flags say nothing."""
    for each in decisions:
        outcome = each.outcome
        if not snapshot.engine.knows(outcome.flag_key) or snapshot.engine.is_failure(outcome):
            continue
        errors = outcome.errors if with_variables else outcome.bare_errors
        info = {
            "decisionEventDispatched": gojson.dumps(outcome.flag_key in told),
            "enabled": gojson.dumps(outcome.enabled),
            "experimentId": gojson.dumps(outcome.experiment_id),
            "flagKey": gojson.dumps(outcome.flag_key),
            "reasons": gojson.dumps([*errors, *(each.infos if with_reasons else ())]),
            "ruleKey": gojson.dumps(outcome.rule_key),
            "variables": (outcome.variables_json if with_variables else b"") or b"{}",
            "variationId": gojson.dumps(outcome.variation_id),
            "variationKey": gojson.dumps(outcome.variation_key),
        }
        _tell_decision(snapshot, "flag", who, gojson.obj(info.items()))


def experiments(snapshot: Snapshot, who: bytes, decisions: Iterable[ExperimentDecision]) -> None:
    """Experiments that were activated by key."""
    for each in decisions:
        info = {"experimentKey": each.experiment_key}
        if each.variation is not None:
            info["variationKey"] = each.variation.key
        kind = "feature-test" if each.experiment_id in snapshot.engine.feature_tests else "ab-test"
        _tell_decision(snapshot, kind, who, gojson.dumps(info))


def features(snapshot: Snapshot, who: bytes, outcomes: Iterable[Outcome]) -> None:
    """Features that were activated by key."""
    for outcome in outcomes:
        if not snapshot.engine.knows(outcome.flag_key):
            continue
        is_test = outcome.source == "feature-test"
        source = {"experimentKey": outcome.rule_key, "variationKey": outcome.variation_key} if is_test else {}
        feature = {
            "featureEnabled": gojson.dumps(outcome.enabled),
            "featureKey": gojson.dumps(outcome.flag_key),
            "source": gojson.dumps("rollout" if outcome.source == "none" else outcome.source),
            "sourceInfo": gojson.dumps(source),
            "variableValues": outcome.variables_json or b"{}",
        }
        info = gojson.obj((("feature", gojson.obj(feature.items())),))
        _tell_decision(snapshot, "all-feature-variables", who, info)


def conversion(snapshot: Snapshot, row: NewEvent, who: bytes, tags: Mapping[str, Any] | None) -> None:
    """A conversion that was stored."""
    datafile = snapshot.engine.datafile
    visitor = logx.visitor(row, attribute_ids=datafile.attribute_ids, bot_filtering=datafile.bot_filtering)
    attributes = [
        gojson.obj((name, gojson.dumps(value)) for name, value in each.items()) for each in visitor["attributes"]
    ]
    event = visitor["snapshots"][0]["events"][0]
    fields = {name: gojson.dumps(event[name]) for name in ("entity_id", "key")}
    fields["Attributes"] = gojson.arr(attributes)
    fields |= {name: gojson.dumps(event[name]) for name in ("tags", "revenue", "value") if name in event}
    body = (
        ("EventKey", gojson.dumps(row.key)),
        ("UserContext", who),
        ("EventTags", NULL if tags is None else gojson.dumps(tags)),
        ("ConversionEvent", gojson.obj(fields.items())),
    )
    telling.tell(snapshot.sdk_key, TRACK, gojson.obj(body))


def config_update(snapshot: Snapshot) -> bytes:
    """What is told when a project's revision is another one than before."""
    fields = (("Type", gojson.dumps(CONFIG_UPDATE)), ("Revision", gojson.dumps(snapshot.engine.datafile.revision)))
    return gojson.obj(fields)


def _tell_decision(snapshot: Snapshot, kind: str, who: bytes, info: bytes) -> None:
    body = gojson.obj((("Type", gojson.dumps(kind)), ("UserContext", who), ("DecisionInfo", info)))
    telling.tell(snapshot.sdk_key, DECISION, body)
