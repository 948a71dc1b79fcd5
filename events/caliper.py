"""Caliper envelopes, as their sensors send them: kept raw, nothing is read from them."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from events import ingest
from events.ingest import NewEvent
from experiments.errors import Invalid
from users import people

NO_PROJECT = 0
"""An envelope names no project."""


def keep(*, user_id: str, envelope: Mapping[str, Any], now: datetime) -> bool:
    """Store an envelope of a known person once. Raises NotFound, and Invalid for texts that cannot be stored."""
    person = people.known(user_id=user_id)
    content = _content(person.external_id, envelope)
    event = NewEvent(
        project_id=NO_PROJECT,
        source="upgrade",
        kind="caliper",
        key="",
        user_id=person.external_id,
        occurred_at=now,
        received_at=now,
        uuid=sha256(content).hexdigest()[:48],
        payload=envelope,
    )
    ingest.store([event])
    return True


def _content(user_id: str, envelope: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps([user_id, envelope], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise Invalid("The envelope is nested too deep to be stored") from error
