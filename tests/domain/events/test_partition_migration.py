"""The migration that partitions the log carries rows over, there and back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from events import ingest
from events.models import Event
from tests.builders import NOW
from tests.domain.events import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def _migrate(name: str) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("events", name)])


def _is_partitioned() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE relname = 'events_event'")
        answer: bool = cursor.fetchone()[0]
        return answer


def test_rows_and_ids_survive_the_way_there_and_back() -> None:
    ingest.store([rows.event(key=str(number), received_at=NOW.replace(month=number)) for number in range(1, 7)])
    stored = list(Event.objects.values())
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes("events")[0][1]

    try:
        _migrate("0001_first_shape")
        assert not _is_partitioned()
        assert list(Event.objects.values()) == stored
    finally:
        _migrate(latest)

    assert _is_partitioned()
    assert list(Event.objects.values()) == stored
    ingest.store([rows.event(key="next")])
    assert Event.objects.get(key="next").pk > stored[-1]["id"]
