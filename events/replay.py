"""From the spool into the database: each segment in one transaction, in order, once, whoever tries and how often."""

import errno
import logging
from itertools import chain
from pathlib import Path
from uuid import UUID

from django.db import Error

from events import commits, spool, spoolformat, writing
from events.rows import Row
from events.spoolformat import Damaged, Record

logger = logging.getLogger(__name__)

# What a later attempt may have enough of.
SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def replay_left_behind(root: Path) -> int:
    """Write what dead processes of this machine left in their spools; answers how many segments that were.

    Raises what the database raises when it is away; what was not written stays where it is.
    """
    replayed = 0
    for home in spool.homes(root):
        with spool.left_behind(home) as segments:
            for path in segments:
                replay_or_set_aside(path)
                replayed += 1
    return replayed


def replay_or_set_aside(path: Path) -> None:
    """Replay a segment and remove it. One that cannot be read must not hold up the rest: it is renamed and stays.

    Raises what the database raises when it is away, and OSError while this process is short of files or memory.
    """
    try:
        replay(path)
        path.unlink()
    except Error:
        raise
    except Exception as error:
        if getattr(error, "errno", None) in SHORT_OF:
            raise
        logger.exception("The segment %s cannot be replayed; it stays for a person to look at", path)
        path.rename(path.with_suffix(".stuck"))


def replay(path: Path) -> None:
    """Write the rows of a segment, unless that was done before. The file stays."""
    records = list(spoolformat.read(path.read_bytes()))

    def work(put: writing.Insert) -> None:
        if commits.happens(uid_of(path)):
            put(list(chain.from_iterable(_missing(record) for record in records)))

    writing.in_one_transaction(work)


def _missing(record: Record | Damaged) -> tuple[Row, ...]:
    """The rows of a record that are not in the database by the commit it names."""
    if isinstance(record, Damaged):
        writing.quarantine(source="spool", reason="A line of the spool is damaged", payload=repr(record.line))
        return ()
    return record.rows if record.commit is None or commits.did_not_happen(record.commit) else ()


def uid_of(path: Path) -> UUID:
    """The id that a segment's replay is recorded by; it is in the segment's name."""
    return UUID(path.name.removesuffix(spool.SUFFIX).partition("-")[2])
