"""The whole list of users, rendered once and added to as users come: SDKs ask for all of it at every evaluation.

Whether it is still whole is asked of the database each time by one look at an index; what that cannot show (a row that
commits after a later one) shows within `LONGEST_TRUST` seconds. A row that is missing for a moment does no harm: the
SDK posts it again and is told 200.
"""

import hashlib
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from decisions.lab.current import Current
from users import recorded
from users.api.testlab import written
from users.recorded import Extent, Recorded

LONGEST_TRUST = 1.0
GZIP_LEVEL = 4
GZIP_FORMAT = 31


@dataclass(frozen=True, slots=True)
class Rendered:
    """The list as bytes, plain and compressed."""

    body: bytes
    gzipped: bytes
    etag: str


class Roll:
    """The rows of one project that were rendered so far. Not safe for threads by itself: `rendered` below locks."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id
        self.extent = Extent(0, 0)
        self.newest = -1
        self.checked_at = 0.0
        self.seen: Current | None = None
        self._plain = [b"["]
        self._packed: list[bytes] = []
        self._packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORMAT)
        self._hash = hashlib.blake2b(digest_size=15)
        self._append(b"[")
        self.rendered = self._finish()

    def is_trusted(self, seen: Current, newest: int) -> bool:
        is_young = time.monotonic() - self.checked_at < LONGEST_TRUST
        return is_young and self.newest == newest and self.seen is seen

    def add(self, rows: Iterable[Recorded]) -> None:
        number, last = self.extent.number, self.extent.last
        for row in rows:
            self._append((b"," if number else b"") + orjson.dumps(written.row(row)))
            number, last = number + 1, row.row_id
        self.extent = Extent(number, last)
        self.rendered = self._finish()

    def _append(self, part: bytes) -> None:
        if part != b"[":
            self._plain.append(part)
        self._hash.update(part)
        self._packed.append(self._packer.compress(part))

    def _finish(self) -> Rendered:
        body = b"".join([*self._plain, b"]"])
        self._plain = [body[:-1]]
        self._packed = [b"".join([*self._packed, self._packer.flush(zlib.Z_SYNC_FLUSH)])]
        end = self._packer.copy()
        gzipped = self._packed[0] + end.compress(b"]") + end.flush()
        return Rendered(body, gzipped, f'W/"{len(body):x}-{self._hash.hexdigest()}"')


_rolls: dict[str, Roll] = {}
_lock = threading.Lock()


def rendered(*, seen: Current) -> Rendered:
    """The list as it is now. Deletions make another `Current`."""
    newest = recorded.newest()
    roll = _rolls.get(seen.project_uid)
    if roll is not None and roll.is_trusted(seen, newest):
        return roll.rendered
    with _lock:
        roll = _brought_up_to_date(_rolls.get(seen.project_uid) or Roll(seen.project_id))
        roll.seen, roll.newest, roll.checked_at = seen, newest, time.monotonic()
        _rolls[seen.project_uid] = roll
        return roll.rendered


def _brought_up_to_date(roll: Roll) -> Roll:
    wanted = recorded.extent(project_id=roll.project_id)
    if roll.extent != wanted:
        roll.add(recorded.listed(project_id=roll.project_id, after=roll.extent.last))
    if roll.extent != wanted:
        roll = Roll(roll.project_id)
        roll.add(recorded.listed(project_id=roll.project_id))
    return roll
