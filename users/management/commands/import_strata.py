"""`manage.py import_strata FILE.csv…`: people's values of stratification factors."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experiments.errors import DomainError
from users import strata


class Command(BaseCommand):
    help = "Store stratification factors from CSV: a column of user ids, then one per factor. All or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = [line for path in options["files"] for line in strata.read(_text(path))]
            report = strata.store(lines)
        except (DomainError, OSError, UnicodeDecodeError) as refusal:
            raise CommandError(str(refusal)) from refusal
        factors = ", ".join(report.factors) or "no factor"
        self.stdout.write(f"{report.values} values of {factors}; {report.people} people were unknown so far")


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8-sig")
