"""Arms that a prediction service chooses: contextual bandits (agent contract §3.6).

A prediction is kept for a while per person and rule, for all processes, and asked for anew when the attributes that
the service may see have changed.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson

from decisions.compile import Snapshot
from decisions.drawing import recalling
from decisions.engine import Prediction, Rule, Subject
from decisions.engine.values import Predict
from events import outgoing
from users import shared_memory

SPACE = "cmab"
TRIES = 2
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Service:
    """Where predictions come from and what the client wishes of those that are kept. `endpoint` holds `%s` for a rule.

    `ignores_kept` neither reads nor writes; `renews` drops what is kept of this person and rule first.
    """

    endpoint: str
    seconds: float
    kept_seconds: float
    ignores_kept: bool = False
    renews: bool = False


def predictor(snapshot: Snapshot, service: Service) -> Predict:
    """What the engine calls for a rule and a subject; None from it means that the service gave nothing usable."""

    def predict(rule: Rule, subject: Subject) -> Prediction | None:
        attributes = _visible(snapshot, rule, subject)
        seen = sha256(orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)).hexdigest()
        key = f"{rule.id}\0{subject.user_id}"
        if not (service.ignores_kept or service.renews):
            kept = recalling.unless_away(
                lambda: shared_memory.get(SPACE, project_id=snapshot.project_id, key=key), otherwise=None
            )
            if kept is not None and kept[0] == seen:
                return Prediction(kept[1], kept[2])
        found = _ask(service, rule, subject, attributes)
        if found is not None and not service.ignores_kept:
            value = (seen, found.variation_id, found.uuid)
            recalling.unless_away(
                lambda: shared_memory.put(
                    SPACE, value, project_id=snapshot.project_id, key=key, seconds=service.kept_seconds
                ),
                otherwise=None,
            )
        return found

    return predict


def forget(snapshot: Snapshot) -> None:
    """Drop every kept prediction of the project."""
    shared_memory.forget(SPACE, project_id=snapshot.project_id)


def _visible(snapshot: Snapshot, rule: Rule, subject: Subject) -> dict[str, Any]:
    """The attributes the service may see, by key."""
    allowed = set(rule.cmab.attribute_ids) if rule.cmab else set()
    keys = [each.key for each in snapshot.engine.datafile.attributes if each.id in allowed]
    return {key: subject.attributes[key] for key in keys if key in subject.attributes}


def _ask(service: Service, rule: Rule, subject: Subject, attributes: Mapping[str, Any]) -> Prediction | None:
    uuid = str(uuid4())
    instance = {
        "visitorId": subject.user_id,
        "experimentId": rule.id,
        "attributes": [{"id": key, "value": value, "type": "custom_attribute"} for key, value in attributes.items()],
        "cmabUUID": uuid,
    }
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        try:
            status, body = outgoing.post(
                service.endpoint.replace("%s", rule.id), {"instances": [instance]}, seconds=service.seconds
            )
        except outgoing.Unreachable:
            continue
        variation_id = _variation_in(body) if status // 100 == 2 else None
        if variation_id is not None:
            return Prediction(variation_id, uuid)
    return None


def _variation_in(body: bytes) -> str | None:
    try:
        variation_id = orjson.loads(body)["predictions"][0]["variation_id"]
    except (ValueError, LookupError, TypeError):
        return None
    return variation_id if isinstance(variation_id, str) else None
