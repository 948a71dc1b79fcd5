"""`manage.py export_upgrade [EXPERIMENT…] [--project KEY] [-o FILE]`: designs in the format UpGrade imports."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from decisions.designs import exporting
from experiments import selectors
from experiments.errors import DomainError


class Command(BaseCommand):
    help = "Write experiment designs as UpGrade's JSON: one object for one experiment, an array for several."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="Ids or keys.")
        parser.add_argument("--project", default="", help="Every experiment of this project.")
        parser.add_argument("-o", "--output", default="-", help="A file; - writes to standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = [selectors.experiment_named(name=name) for name in options["experiments"]]
            if options["project"]:
                rows += selectors.whole_experiments(project=selectors.project_by_key(key=options["project"]))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if not rows:
            raise CommandError("Name an experiment, or a project with --project.")
        designs = [exporting.export(experiment=row) for row in rows]
        text = orjson.dumps(designs if len(designs) > 1 else designs[0], option=orjson.OPT_INDENT_2).decode()
        if options["output"] == "-":
            self.stdout.write(text)
            return
        try:
            Path(options["output"]).write_text(text + "\n")
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
