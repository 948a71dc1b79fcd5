"""`manage.py set_status EXPERIMENT STATUS [--post-rule RULE --fallback CONDITION]`: the life cycle by hand."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions import lifecycle
from decisions.designs import words
from experiments import selectors
from experiments.errors import DomainError
from experiments.models import Design, Experiment


class Command(BaseCommand):
    help = "Walk one step of an experiment's life and publish it. UpGrade's names of statuses are understood too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("experiment", help="The id or key of an experiment.")
        parser.add_argument("status", choices=sorted({*Experiment.Status.values, *words.STATUS}))
        parser.add_argument("--post-rule", choices=Design.PostRule.values, help="What people get while it is paused.")
        parser.add_argument("--fallback", metavar="CONDITION", help="What everybody gets when the rule is assign.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            experiment = lifecycle.step(
                experiment=selectors.experiment_named(name=options["experiment"]),
                to=words.STATUS.get(options["status"], options["status"]),
                post_rule=options["post_rule"],
                fallback=options["fallback"],
                now=datetime.now(UTC),
                by="set_status",
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{experiment.name} is {experiment.status}")
