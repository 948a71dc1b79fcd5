"""Months of the log on PostgreSQL: made ahead, nothing refused, nothing lost when a late month is made."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from events import ingest, partitions
from events.models import Event
from tests.domain.events import rows

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

LATER = datetime(2031, 12, 31, 23, 59, tzinfo=UTC)


def _partition_of(key: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM events_event WHERE key = %s", [key])
        name: str = cursor.fetchone()[0]
        return name


def test_this_month_and_three_more_are_made_once() -> None:
    made = partitions.make_ahead(now=LATER)

    assert made == [
        f"{log}_{month}" for log in partitions.LOGS for month in ("2031_12", "2032_01", "2032_02", "2032_03")
    ]
    assert partitions.make_ahead(now=LATER) == []


def test_a_month_begins_at_midnight_utc() -> None:
    partitions.make_ahead(now=LATER)

    ingest.store([rows.event(key="last", received_at=datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC))])
    ingest.store([rows.event(key="first", received_at=datetime(2032, 1, 1, tzinfo=UTC))])

    assert _partition_of("last") == "events_event_2031_12"
    assert _partition_of("first") == "events_event_2032_01"


def test_a_row_of_a_month_without_partition_is_kept_and_moves_when_its_month_is_made() -> None:
    ingest.store(
        [rows.event(key="early", received_at=LATER), rows.event(key="other", received_at=LATER + timedelta(300))]
    )
    before = Event.objects.get(key="early")
    assert _partition_of("early") == "events_event_default"

    partitions.make_ahead(now=LATER)

    assert _partition_of("early") == "events_event_2031_12"
    assert _partition_of("other") == "events_event_default"
    after = Event.objects.get(key="early")
    assert (after.pk, after.received_at) == (before.pk, before.received_at)


def test_the_months_of_today_are_there_after_migrating() -> None:
    assert partitions.make_ahead(now=datetime.now(UTC), months=2) == []


def test_new_partitions_have_the_indexes_of_the_log() -> None:
    partitions.make_ahead(now=LATER)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'events_event_2031_12'")
        of_the_new = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'events_event_default'")
        assert cursor.fetchone() == of_the_new != (0,)
