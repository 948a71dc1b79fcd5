"""The Agent's routes that read or make decisions. One module per route or pair of routes; shapes are in `shapes`."""

from decisions.api.agent.activate import Activate, activate
from decisions.api.agent.decide import Decide, decide
from decisions.api.agent.definitions import Config, Datafile, config, datafile
from decisions.api.agent.override import Override, override
from decisions.api.agent.profiles import Lookup, Save, lookup, save
from decisions.api.agent.reset import Reset, reset

__all__ = [
    "Activate",
    "Config",
    "Datafile",
    "Decide",
    "Lookup",
    "Override",
    "Reset",
    "Save",
    "activate",
    "config",
    "datafile",
    "decide",
    "lookup",
    "override",
    "reset",
    "save",
]
