"""Moments in time as everything downstairs keeps them: in UTC."""

from datetime import UTC, datetime


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without an offset is in UTC already. Raises OverflowError beyond the calendar."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
