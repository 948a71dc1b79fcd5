"""Client ids of events are remembered for a while, not for ever."""

from datetime import timedelta
from uuid import uuid4

import pytest

from events import forgetting, ingest, writing
from events.models import Commit, Event, SeenEvent
from tests.builders import NOW
from tests.domain.events import rows

pytestmark = pytest.mark.django_db


def test_ids_from_before_an_instant_go_and_the_events_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "ROWS_AT_ONCE", 2)
    days = [rows.event(uuid=str(day), received_at=NOW - timedelta(days=day)) for day in range(10)]
    ingest.store(days)

    dropped = forgetting.forget(before=NOW - timedelta(days=4))

    assert dropped == 5
    assert set(SeenEvent.objects.values_list("uuid", flat=True)) == {"0", "1", "2", "3", "4"}
    assert Event.objects.count() == 10


def test_commits_from_before_an_instant_go() -> None:
    writing.commit([rows.event()], uid=uuid4())
    decided_at = Commit.objects.get().decided_at

    assert forgetting.forget(before=decided_at) == 0
    assert forgetting.forget(before=decided_at + timedelta(seconds=1)) == 1
