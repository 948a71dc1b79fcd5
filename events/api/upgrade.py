"""UpGrade's routes that report: log, bloblog, caliper (upgrade contract §5)."""

from typing import Any

from config.wire.message import Answer
from config.wire.upgrade.door import UpgradeDoor, described
from config.wire.upgrade.errors import Refused
from config.wire.upgrade.grammar import Call, route
from config.wire.upgrade.shapes import Nothing


@route(Nothing, said=list[dict[str, Any]])
def log(call: Call[Nothing]) -> Answer:
    """Metrics of a person."""
    raise Refused(501, "Logs are not served yet")


@route(Nothing, said=list[dict[str, Any]])
def bloblog(call: Call[Nothing]) -> Answer:
    """The same, sent as text."""
    raise Refused(501, "Logs are not served yet")


@route(Nothing, said=list[dict[str, Any]])
def caliper(call: Call[Nothing]) -> Answer:
    """A Caliper envelope, kept as it is."""
    raise Refused(501, "Caliper logs are not served yet")


class Logs(UpgradeDoor):
    log = described(log)
    bloblog = described(bloblog)
    caliper = described(caliper)
