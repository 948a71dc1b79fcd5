"""`manage.py import_upgrade FILE… [--state running] [--update] [--dry-run]`: designs that UpGrade exported."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions.designs import importing, reading
from experiments.errors import DomainError


class Command(BaseCommand):
    help = "Import experiment designs exported by UpGrade (JSON or zip). All or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--state", default="", help="The status every experiment ends in; as in its file otherwise."
        )
        parser.add_argument("--update", action="store_true", help="Replace the designs of experiments that are here.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be made.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            designs = [each for path in options["files"] for each in reading.read(Path(path).read_bytes(), name=path)]
            report = importing.import_designs(
                designs,
                state=options["state"],
                update=options["update"],
                dry_run=options["dry_run"],
                now=datetime.now(UTC),
                by="import_upgrade",
            )
        except (DomainError, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        for line in report.made:
            self.stdout.write(line)
        for line in report.notes:
            self.stderr.write(f"note: {line}")
        if options["dry_run"]:
            self.stderr.write("Nothing was stored: this was a dry run.")
