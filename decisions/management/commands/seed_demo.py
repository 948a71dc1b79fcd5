"""`manage.py seed_demo`: fill an empty database with the demo."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from decisions import demo


class Command(BaseCommand):
    help = "Fill an empty database with a small demo. Does nothing when there are projects already."

    def handle(self, *args: Any, **options: Any) -> None:
        seeded = demo.seed(testlab_project=settings.TESTLAB_PROJECT, now=datetime.now(UTC))
        if options["verbosity"]:
            self.stdout.write("The demo is seeded." if seeded else "There are projects already: nothing was done.")
