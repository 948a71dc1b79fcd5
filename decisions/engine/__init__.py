"""The decision engine: plain Python, no Django, no I/O. This module only names what others may use."""

from decisions.engine.errors import Fault, InvalidDatafile
from decisions.engine.project import Engine, compile_project
from decisions.engine.values import (
    Datafile,
    Decision,
    ExperimentDecision,
    Outcome,
    Prediction,
    Rule,
    Subject,
    Variation,
)

__all__ = [
    "Datafile",
    "Decision",
    "Engine",
    "ExperimentDecision",
    "Fault",
    "InvalidDatafile",
    "Outcome",
    "Prediction",
    "Rule",
    "Subject",
    "Variation",
    "compile_project",
]
