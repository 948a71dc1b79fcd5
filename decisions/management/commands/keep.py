"""`manage.py keep`: the process that does what happens by the clock."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from decisions.clock import keeping, lease
from decisions.clock.keeping import JOBS, Keeper


class Command(BaseCommand):
    help = "Do what happens by the clock, until it is told to stop. Several may run: one of them works."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run every job once and end")
        parser.add_argument("--list", action="store_true", help="say which jobs there are, and how often they run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for job in JOBS:
                self.stdout.write(f"every {job.every_seconds:g} s  {job.name}")
            return
        keeper = Keeper(JOBS, lease.of_this_database(Path(settings.VAR_DIR)))
        stopping = threading.Event()
        if options["once"]:
            keeper.run_due(stopping)
            keeping.settle()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        keeper.keep(stopping)
