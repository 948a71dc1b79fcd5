"""The page that shows what came of an experiment so far."""

from typing import Any

from django.http import HttpRequest

from config.wire.console.sides import Side
from events import results
from experiments.models import Experiment


def show(request: HttpRequest, experiment: Experiment) -> dict[str, Any]:
    return {"results": results.of_experiment(experiment=experiment)}


RESULTS = Side("results", "What came of it", "console/results.html", show)
