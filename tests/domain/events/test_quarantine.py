"""A row that the database refuses does not sink its neighbours."""

from uuid import uuid4

import pytest

from events import commits, writing
from events.models import Event, Quarantine
from tests.domain.events import rows

pytestmark = pytest.mark.django_db

UNSTORABLE = 2**70


def test_a_bad_row_is_put_aside_and_its_neighbours_are_stored_in_order() -> None:
    batch = [rows.event(key=str(number), project_id=UNSTORABLE if number in (3, 17) else 1) for number in range(20)]

    writing.commit(batch, uid=uuid4())

    assert [event.key for event in Event.objects.order_by("id")] == [
        str(number) for number in range(20) if number not in (3, 17)
    ]
    assert Quarantine.objects.count() == 2


def test_what_was_put_aside_can_be_read() -> None:
    writing.commit([rows.event(key="odd", project_id=UNSTORABLE)], uid=uuid4())

    kept = Quarantine.objects.get()
    assert kept.source == "agent"
    assert "odd" in kept.payload
    assert kept.reason


def test_a_client_id_next_to_a_bad_row_still_counts_once() -> None:
    writing.commit([rows.event(uuid="u"), rows.event(project_id=UNSTORABLE)], uid=uuid4())
    writing.commit([rows.event(uuid="u"), rows.event(project_id=UNSTORABLE)], uid=uuid4())

    assert Event.objects.count() == 1


def test_a_commit_takes_place_once() -> None:
    uid = uuid4()
    writing.commit([rows.event()], uid=uid)

    with pytest.raises(commits.Forbidden):
        writing.commit([rows.event()], uid=uid)

    assert Event.objects.count() == 1
    assert not commits.did_not_happen(uid)


def test_a_commit_that_was_forbidden_never_takes_place() -> None:
    uid = uuid4()
    assert commits.did_not_happen(uid)

    with pytest.raises(commits.Forbidden):
        writing.commit([rows.event()], uid=uid)

    assert commits.did_not_happen(uid)
    assert Event.objects.count() == 0
