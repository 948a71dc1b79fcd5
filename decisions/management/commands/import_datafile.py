"""`manage.py import_datafile FILE --sdk-key KEY [--project KEY]`: a project that mirrors somebody else's datafile."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions.upstream import mirroring
from experiments.errors import DomainError


class Command(BaseCommand):
    help = "Import a datafile (version 4) as a mirrored project that serves it and decides by it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="The datafile; - reads standard input.")
        parser.add_argument("--sdk-key", required=True, help="What clients will ask with.")
        parser.add_argument("--project", default="", help="The key of the new project; the SDK key when not given.")
        parser.add_argument(
            "--strict",
            action="store_true",
            help="Refuse dangling ids too, which the Agent tolerates and some SDKs do not.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            body = sys.stdin.buffer.read() if options["file"] == "-" else Path(options["file"]).read_bytes()
            project = mirroring.take_in(
                body=body,
                sdk_key=options["sdk_key"],
                key=options["project"],
                now=datetime.now(UTC),
                is_strict=options["strict"],
            )
        except (DomainError, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        for line in mirroring.remarks(body):
            self.stderr.write(f"Tolerated: {line}")
        self.stdout.write(f"{project.key} serves this datafile for the SDK key {project.sdk_key}")
