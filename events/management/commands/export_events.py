"""`manage.py export_events`: the log as CSV or JSON lines, for an analyst."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from events import exports
from events.columns import Record
from experiments import selectors
from experiments.errors import NotFound
from experiments.instants import in_utc

WHAT: dict[str, tuple[Record, ...]] = {
    "events": ("event",),
    "exposures": ("exposure",),
    "all": ("event", "exposure"),
}


class Command(BaseCommand):
    help = """Write the log of events and exposures, oldest first, in constant memory.

By default both come in one stream: the column (JSON lines: field) "record" says "event" or "exposure", so that one
file answers "who met which arm, and what did they do then". All events come first, then all exposures, each by id;
sort by occurred_at to follow a person. "project", "experiment" and "variation" are keys as they are today (empty if
deleted; the ids stay). Times are UTC. --since and --until look at received_at, our clock.

With --resume FILE only what no earlier run with that file has written is written, each row once; the file holds how
far it came and is written last, so a run that died is repeated whole. Rows that arrive late (from a spool, say) come
with the next run, where --since would miss them.

In CSV a text that a spreadsheet would take for a formula gets a leading apostrophe; JSON lines hold it as it was."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=sorted(exports.FORMATS), default="csv")
        parser.add_argument("--what", choices=sorted(WHAT), default="all", help="which records (default: all)")
        parser.add_argument("--since", help="from 2026-11-01 or 2026-11-01T12:00:00Z on; without an offset: UTC")
        parser.add_argument("--until", help="the same; that instant itself is left out")
        parser.add_argument("--resume", metavar="FILE", help="what is new since the last run with this file")
        parser.add_argument("--project", help="key of one project (default: every project)")
        parser.add_argument("-o", "--output", default="-", help="a file, replaced when all is written; - for stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        since, until = _instant("--since", options["since"]), _instant("--until", options["until"])
        if since and until and since >= until:
            raise CommandError("--since must be before --until.")
        selection = exports.Selection(WHAT[options["what"]], since, until, _project_id(options["project"]))
        if options["resume"] is None:
            self._export(selection, options)
            return
        if options["output"] == "-" or since or until:
            raise CommandError("--resume needs --output, and neither --since nor --until.")
        mark = _Mark.read(Path(options["resume"]), options["project"])
        through = {record: _settled(record) for record in selection.records}
        self._export(replace(selection, after=mark.ids, through=through), options)
        mark.move(through)

    def _export(self, selection: exports.Selection, options: dict[str, Any]) -> None:
        parts = _shown(exports.FORMATS[options["format"]](selection))
        try:
            rows = _to_stdout(parts) if options["output"] == "-" else _to_file(parts, Path(options["output"]))
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
        if options["verbosity"] > 0 and options["output"] != "-":
            self.stderr.write(f"{rows} rows written to {options['output']}.", style_func=str)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far the runs with one file came: the last id written of each record, of one project or all."""

    path: Path
    project: str | None
    ids: dict[Record, int]

    @classmethod
    def read(cls, path: Path, project: str | None) -> "_Mark":
        if not path.parent.is_dir():
            raise CommandError(f"--resume: there is no directory {path.parent}.")
        try:
            found = orjson.loads(path.read_bytes()) if path.exists() else {"project": project, "ids": {}}
            mark = cls(path, found["project"], {record: int(found["ids"].get(record, 0)) for record in WHAT["all"]})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"--resume: {path} cannot be read, or is no such file.") from error
        if mark.project != project:
            raise CommandError(f"--resume: {path} is of {mark.project or 'every project'}; name another file.")
        return mark

    def move(self, through: dict[Record, int]) -> None:
        text = orjson.dumps({"project": self.project, "ids": self.ids | through}, option=orjson.OPT_APPEND_NEWLINE)
        try:
            _to_file([exports.Part(text, 0, 0, 0)], self.path)
        except OSError as error:
            raise CommandError(f"--resume: cannot write {self.path}: {error.strerror}.") from error


def _settled(record: Record) -> int:
    try:
        return exports.settled(record)
    except OperationalError as error:
        raise CommandError("--resume: the log is being written by somebody slow. Try again in a moment.") from error


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CommandError(f'{option}: "{text}" is no date. Try 2026-11-01 or 2026-11-01T12:00:00Z.') from None


def _project_id(key: str | None) -> int | None:
    if key is None:
        return None
    try:
        return selectors.project_by_key(key=key).pk
    except NotFound:
        raise CommandError(f'There is no project "{key}".') from None


def _to_stdout(parts: Iterable[exports.Part]) -> int:
    """Write to stdout; a reader that has seen enough ends it quietly."""
    try:
        return _write(parts, sys.stdout.buffer)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _to_file(parts: Iterable[exports.Part], target: Path) -> int:
    """Write beside the target and rename at the end: a file of that name is whole or as it was before."""
    if target.exists() and not target.is_file():  # a pipe or a device
        with target.open("wb") as out:
            return _write(parts, out)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("xb") as out:
            rows = _write(parts, out)
            os.fsync(out.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _write(parts: Iterable[exports.Part], out: BinaryIO) -> int:
    rows = 0
    for part in parts:
        out.write(part.data)
        rows += part.rows
    out.flush()
    return rows


def _shown(parts: Iterator[exports.Part]) -> Iterator[exports.Part]:
    """The same parts, with a progress bar on stderr where somebody looks at it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from parts
        return
    look = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*look, console=console, transient=True) as progress:
        task = progress.add_task("ids", total=None)
        for part in parts:
            yield part
            progress.update(task, completed=part.done, total=part.total)
