"""The only writer of `Event` and `Exposure`: what it acknowledged is committed.

Rows come in as plain values, checked here (NUL and lone surrogates never reach the database) and written together.
Reading the log lives in `events/selectors.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from events.models import Event, Exposure, SeenEvent
from experiments.errors import Invalid


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One thing that happened. `uuid` is the client's own id: a second event of the project with it is dropped."""

    project_id: int
    source: str
    kind: str
    key: str
    user_id: str
    occurred_at: datetime
    received_at: datetime
    experiment_id: int | None = None
    variation_id: int | None = None
    uuid: str = ""
    value: float | None = None
    revenue: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewExposure:
    """A person met an arm."""

    project_id: int
    source: str
    user_id: str
    occurred_at: datetime
    received_at: datetime
    experiment_id: int | None = None
    variation_id: int | None = None
    flag_key: str = ""
    rule_key: str = ""
    rule_type: str = ""
    variation_key: str = ""
    uuid: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


Row = NewEvent | NewExposure


def store(rows: Sequence[Row]) -> None:
    """Write the rows and return once they are committed. All or none.

    A row whose client uuid was stored before in its project is dropped silently, as is its twin in the same call.
    Raises Invalid for a text that cannot be stored and Unavailable when nothing could be stored at all.
    """
    for row in rows:
        check_row(row)
    with transaction.atomic():
        fresh = _unseen(rows)
        Event.objects.bulk_create([Event(**_columns(row)) for row in fresh if isinstance(row, NewEvent)])
        Exposure.objects.bulk_create([Exposure(**_columns(row)) for row in fresh if isinstance(row, NewExposure)])


def note(rows: Sequence[NewExposure]) -> None:
    """Accept exposures that a decision made; they may be written a moment after this returns."""
    store(rows)


def _unseen(rows: Sequence[Row]) -> list[Row]:
    named = {(row.project_id, row.uuid): row for row in reversed(rows) if row.uuid}
    seen = {
        (project_id, uuid)
        for project_id in {row.project_id for row in rows}
        for uuid in SeenEvent.objects.filter(
            project_id=project_id, uuid__in=[uuid for owner, uuid in named if owner == project_id]
        ).values_list("uuid", flat=True)
    }
    new = {key: row for key, row in named.items() if key not in seen}
    SeenEvent.objects.bulk_create(
        [SeenEvent(project_id=owner, uuid=uuid, received_at=row.received_at) for (owner, uuid), row in new.items()]
    )
    return [row for row in rows if not row.uuid or new.get((row.project_id, row.uuid)) is row]


def _columns(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def check_row(row: Row) -> None:
    """Raise Invalid for what no database text can hold: NUL, lone surrogates, ids above 255 characters."""
    for name in ("user_id", "key", "uuid", "flag_key", "rule_key", "variation_key"):
        check_text(getattr(row, name, ""), field_name=name)
    check_value(row.payload)


def check_text(text: str, *, field_name: str = "", longest: int = 255) -> None:
    if len(text) > longest:
        raise Invalid(f"{field_name} is longer than {longest} characters", field=field_name)
    if "\x00" in text or not _encodes(text):
        raise Invalid(f"{field_name} holds characters that cannot be stored", field=field_name)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_value(value: object) -> None:
    """The same for every text inside a JSON value."""
    if isinstance(value, str):
        check_text(value, field_name="payload", longest=1_000_000)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check_value(key)
            check_value(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            check_value(inner)
