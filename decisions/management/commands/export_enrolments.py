"""`manage.py export_enrolments [EXPERIMENT…] [--project KEY] [-o FILE]`: who was given what, as CSV."""

import csv
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from decisions.enrolments import exporting
from experiments import selectors
from experiments.errors import DomainError
from experiments.models import Experiment


class Command(BaseCommand):
    help = "Write enrolments as CSV, one row per person and decision point, in the columns of UpGrade's data export."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="Ids or keys.")
        parser.add_argument("--project", default="", help="Every experiment of this project.")
        parser.add_argument("--layout", choices=("upgrade",), default="upgrade")
        parser.add_argument("-o", "--output", default="-", help="A file; - writes to standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = [selectors.experiment_named(name=name) for name in options["experiments"]]
            if options["project"]:
                chosen += selectors.whole_experiments(project=selectors.project_by_key(key=options["project"]))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if not chosen:
            raise CommandError("Name an experiment, or a project with --project.")
        if options["output"] == "-":
            _write(self.stdout, chosen)
            return
        try:
            with Path(options["output"]).open("w", newline="", encoding="utf-8") as file:
                rows = _write(file, chosen)
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
        sys.stderr.write(f"{rows} rows written to {options['output']}.\n")


def _write(file: IO[str] | Any, experiments: list[Experiment]) -> int:
    writer = csv.writer(getattr(file, "_out", file), lineterminator="\n")
    writer.writerow(exporting.header(experiments))
    rows = 0
    for row in exporting.rows(experiments):
        writer.writerow(row)
        rows += 1
    return rows
