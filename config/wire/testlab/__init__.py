"""Test Lab's grammar: what is true of every one of its routes (testlab contract §2).

`reading` takes bodies as its original did, `answers` says how results and refusals sound, `freshness` when a client is
told 304, `door` what the routes have in common. No rule of the domain lives here.
"""

from config.wire.testlab.answers import json_answer
from config.wire.testlab.door import TestLabDoor, UnknownEndpoint
from config.wire.testlab.freshness import fresh_or_whole
from config.wire.testlab.speech import guarded, speaking

__all__ = [
    "TestLabDoor",
    "UnknownEndpoint",
    "fresh_or_whole",
    "guarded",
    "json_answer",
    "speaking",
]
