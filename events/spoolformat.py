"""How rows look in a spool: a line per call, with a checksum, readable by later versions. Opens no files."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from events.rows import FIELDS, NewEvent, NewExposure, Row, payload_text

KINDS: dict[str, type[Row]] = {"event": NewEvent, "exposure": NewExposure}
NAMES = {kind: name for name, kind in KINDS.items()}
INSTANTS = ("occurred_at", "received_at")


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of one call. If `commit` took place they are stored already."""

    rows: tuple[Row, ...]
    commit: UUID | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line that cannot be read."""

    line: bytes


def line_of(rows: Sequence[Row], *, commit: UUID | None) -> bytes:
    body = orjson.dumps({"commit": commit, "rows": [_plain(row) for row in rows]})
    return b"%08x %b\n" % (zlib.crc32(body), body)


def read(content: bytes) -> Iterator[Record | Damaged]:
    """The records of a segment. A last line without its end was never acknowledged and is left out."""
    for line in content.split(b"\n")[:-1]:
        yield _record(line)


def _record(line: bytes) -> Record | Damaged:
    checksum, _, body = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            return Damaged(line)
        found = orjson.loads(body)
        commit = UUID(found["commit"]) if found["commit"] else None
        return Record(tuple(_row(plain) for plain in found["rows"]), commit)
    except (ValueError, KeyError, TypeError):
        return Damaged(line)


def _plain(row: Row) -> dict[str, Any]:
    """A row as JSON: its payload as text, so that every number in it stays what it is; its instants in UTC, as JSON
    knows no offset in seconds."""
    plain = {name: getattr(row, name) for name in FIELDS[type(row)]}
    instants = {name: plain[name].astimezone(UTC) for name in INSTANTS}
    return {"kind_of_row": NAMES[type(row)], **plain, **instants, "payload": payload_text(row.payload)}


def _row(plain: dict[str, Any]) -> Row:
    kind = KINDS[plain["kind_of_row"]]
    known = {name: plain[name] for name in FIELDS[kind] if name in plain}
    instants = {name: datetime.fromisoformat(plain[name]) for name in INSTANTS}
    return kind(**{**known, **instants, "payload": json.loads(plain["payload"])})
