"""`manage.py export_samples`: samples as CSV or JSON lines, for an analyst."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from experiments import selectors
from experiments.errors import DomainError
from experiments.instants import in_utc
from experiments.models import Experiment
from sampling import exports


class Command(BaseCommand):
    help = (
        "Write samples with their buckets, completions and outcomes, by experiment, oldest first. Memory is constant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="Ids or keys; none: all.")
        parser.add_argument("--project", default="", help="Every experiment of this project (service).")
        parser.add_argument("--format", choices=sorted(exports.FORMATS), default="csv")
        parser.add_argument("--since", type=_instant, help="From 2026-11-01 or 2026-11-01T12:00:00Z on (UTC).")
        parser.add_argument("--until", type=_instant, help="The same; that instant itself is left out.")
        parser.add_argument("-o", "--output", default="-", help="A file, replaced when all is written; - for stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = _chosen(options["experiments"], options["project"])
        samples = exports.selected(experiments=chosen, since=options["since"], until=options["until"])
        parts = exports.FORMATS[options["format"]](samples)
        if options["output"] == "-":
            _to_stdout(parts)
            return
        try:
            rows = _to_file(_shown(parts, sum(each.count() for each in samples)), Path(options["output"]))
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
        self.stderr.write(f"{rows} rows written to {options['output']}.", style_func=str)


def _instant(text: str) -> datetime:
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f'"{text}" is no date. Try 2026-11-01 or 2026-11-01T12:00:00Z.') from None


def _chosen(names: list[str], project: str) -> list[Experiment]:
    try:
        chosen = [selectors.experiment_named(name=name) for name in names]
        if project:
            chosen += selectors.comparisons(project=selectors.project_by_key(key=project))
    except DomainError as refusal:
        raise CommandError(str(refusal)) from refusal
    return chosen if names or project else list(selectors.comparisons())


def _to_stdout(parts: Iterator[tuple[bytes, int]]) -> None:
    """A reader that has seen enough ends it quietly."""
    try:
        _write(parts, sys.stdout.buffer)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_file(parts: Iterator[tuple[bytes, int]], target: Path) -> int:
    """Write beside the target and rename at the end: a file of that name is whole or as it was before."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("xb") as out:
            rows = _write(parts, out)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _write(parts: Iterator[tuple[bytes, int]], out: BinaryIO) -> int:
    rows = 0
    for data, count in parts:
        out.write(data)
        rows += count
    out.flush()
    return rows


def _shown(parts: Iterator[tuple[bytes, int]], total: int) -> Iterator[tuple[bytes, int]]:
    """The same parts, with a progress bar on stderr where somebody looks at it."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("samples", total=total)
        for data, count in parts:
            yield data, count
            progress.advance(task, count)
