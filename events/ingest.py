"""The way into the log, the only one: what `store` acknowledged is committed, or on this machine's disk.

Rows come in as plain values, checked here, and are written together (`events/writer.py`). Inside a transaction of the
caller's they are written there and commit with it. Reading the log lives in `events/selectors.py`.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction

from events import writer, writing
from events.rows import NewEvent, NewExposure, Row, check_row, check_text, check_value

__all__ = ["NewEvent", "NewExposure", "Row", "check_row", "check_text", "check_value", "note", "store"]


def store(rows: Sequence[Row]) -> None:
    """Write the rows and return once they are safe. All or none.

    A row whose client uuid was stored before in its project is dropped silently, as is its twin in the same call.
    Raises Invalid for what cannot be stored and Unavailable when nothing could be stored at all.
    """
    for row in rows:
        check_row(row)
    if _writes_here():
        _write_here(rows)
    elif rows:
        writer.running().store(rows)


def note(rows: Sequence[NewExposure]) -> None:
    """Accept exposures that a decision made; they may be written a moment after this returns.

    An arm that this process noted for the same person lately is not noted again. With `ARBITER_EXPOSURES=commit` the
    rest is as safe as `store` makes it, else a crash loses what was noted in the last moment. Raises as `store`.
    """
    writes_here = _writes_here()
    unknown = rows if writes_here else writer.running().noted.unknown(rows)
    for row in unknown:
        check_row(row)
    if writes_here:
        _write_here(unknown)
    elif unknown:
        writer.running().note(unknown)


def _writes_here() -> bool:
    return settings.INLINE_WRITER or connection.in_atomic_block


def _write_here(rows: Sequence[Row]) -> None:
    with transaction.atomic():
        writing.insert(rows)
