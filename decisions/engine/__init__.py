"""The decision engine: plain Python, no Django, no I/O. This module only names what others may use."""

from decisions.engine.datafile import load
from decisions.engine.errors import Fault, InvalidDatafile
from decisions.engine.model import Datafile, Rule, Variation
from decisions.engine.outcomes import answer
from decisions.engine.project import Engine, compile_project
from decisions.engine.validation import validate
from decisions.engine.values import (
    Decision,
    ExperimentDecision,
    Outcome,
    Prediction,
    Subject,
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
    "answer",
    "compile_project",
    "load",
    "validate",
]
