"""`manage.py verify_decisions --datafile F --users U.csv`: do we decide as the installed `optimizely-sdk` does?

The CSV has a column `user_id`; every other column is an attribute. A cell that is JSON (a number, true, null) is read
as such, an empty one is no attribute, anything else is a text.
"""

import csv
import importlib
import logging
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from decisions import verifying
from decisions.engine import InvalidDatafile, compile_project, load
from decisions.verifying import Ask, Choice, Difference


class Command(BaseCommand):
    help = "Decide for everybody in a CSV with our engine and with optimizely-sdk, and show where they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--datafile", required=True)
        parser.add_argument("--users", required=True, help="CSV with a column user_id and one per attribute.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            body = Path(options["datafile"]).read_bytes()
            ours = verifying.ours(compile_project(load(orjson.loads(body))))
            with Path(options["users"]).open(newline="") as file:
                verdict = verifying.compare(_people(file), ours, _theirs(body))
        except (OSError, ValueError, InvalidDatafile) as fault:
            raise CommandError(str(fault)) from fault
        for difference in verdict.first:
            self.stdout.write(_line(difference))
        self.stdout.write(
            f"{verdict.people} people, {verdict.decisions} decisions, {verdict.differing} differ"
            + (f" (the first {len(verdict.first)} are shown)" if verdict.differing else "")
        )
        if verdict.differing:
            raise CommandError("The two engines do not agree", returncode=1)


def _people(file: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = csv.DictReader(file)
    if "user_id" not in (rows.fieldnames or ()):
        raise ValueError("The CSV has no column user_id")
    for row in rows:
        yield row["user_id"], {name: _value(cell) for name, cell in row.items() if name != "user_id" and cell}


def _value(cell: str) -> Any:
    try:
        return orjson.loads(cell)
    except ValueError:
        return cell


def _theirs(body: bytes) -> Ask:
    try:
        optimizely: Any = importlib.import_module("optimizely.optimizely")
    except ImportError as missing:
        raise CommandError("optimizely-sdk is not installed: pip install optimizely-sdk") from missing
    logging.getLogger("optimizely").setLevel(logging.CRITICAL)
    client = optimizely.Optimizely(datafile=body.decode())
    if not client.is_valid:
        raise CommandError("optimizely-sdk refuses this datafile")

    def ask(user_id: str, attributes: Mapping[str, Any]) -> Mapping[str, Choice]:
        decided = client.create_user_context(user_id, dict(attributes)).decide_all(["DISABLE_DECISION_EVENT"])
        return {key: (each.variation_key or "", each.enabled, each.rule_key or "") for key, each in decided.items()}

    return ask


def _line(difference: Difference) -> str:
    return (
        f"{difference.user_id} {difference.flag_key}: "
        f"ours {_shown(difference.ours)}, optimizely-sdk {_shown(difference.theirs)}"
    )


def _shown(choice: Choice | None) -> str:
    if choice is None:
        return "nothing"
    variation, enabled, rule = choice
    return f"{variation or '-'} ({'on' if enabled else 'off'}) by {rule or '-'}"
