"""What happened, for looking at; and the events and metrics that experiments are measured by, for editing."""

from events.admin import log, measures

__all__ = ["log", "measures"]
