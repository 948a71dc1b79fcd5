"""`manage.py import_upgrade_enrolments FILE.csv… [--dry-run]`: who was given what, from UpGrade's data export."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions.enrolments import importing, reading
from decisions.enrolments.reading import Line
from experiments.errors import DomainError


class Command(BaseCommand):
    help = "Import the CSV files of UpGrade's data export, so that every learner keeps the condition. All or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be stored.")

    def handle(self, *args: Any, **options: Any) -> None:
        csv.field_size_limit(1_000_000)
        try:
            report = importing.import_enrolments(
                _lines(options["files"]), dry_run=options["dry_run"], now=datetime.now(UTC)
            )
        except (DomainError, OSError, UnicodeDecodeError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{report.lines} lines: {report.enrolments} new enrolments of people, {report.groups} of groups, "
            f"{report.marks} new marks; {report.people} people were unknown so far"
        )
        for sentence in report.notes:
            self.stderr.write(f"note: {sentence}")
        if options["dry_run"]:
            self.stderr.write("Nothing was stored: this was a dry run.")


def _lines(paths: Sequence[str]) -> Iterator[Line]:
    for path in paths:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            yield from reading.read(file)
