"""What the log takes and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from events import ingest
from events.models import Event, Exposure, Quarantine, SeenEvent
from experiments.errors import Invalid
from tests.builders import NOW
from tests.domain.events import rows

pytestmark = pytest.mark.django_db


def _nested(levels: int) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for _ in range(levels):
        payload = {"in": payload}
    return payload


def test_an_event_is_stored_as_it_was() -> None:
    payload = {"tags": {"price": 1.5, "wide": 2**80, "text": 'Zoë "x"\n\t\\'}, "none": None, "list": [True, 1]}
    row = rows.event(key="purchase", experiment_id=3, variation_id=4, uuid="u", value=2.5, revenue=-7, payload=payload)

    ingest.store([row])

    stored = Event.objects.get()
    assert (stored.project_id, stored.source, stored.kind, stored.key, stored.user_id) == (
        1, "agent", "conversion", "purchase", "ada",
    )  # fmt: skip
    assert (stored.experiment_id, stored.variation_id, stored.uuid, stored.value, stored.revenue) == (
        3,
        4,
        "u",
        2.5,
        -7,
    )
    assert (stored.occurred_at, stored.received_at) == (NOW, NOW)
    assert stored.payload == payload


def test_an_exposure_is_stored_as_it_was() -> None:
    row = rows.exposure(flag_key="f", rule_key="r", rule_type="experiment", variation_key="v", uuid="u")

    ingest.store([row])

    stored = Exposure.objects.get()
    assert {name: getattr(stored, name) for name in row.__dataclass_fields__} == {
        name: getattr(row, name) for name in row.__dataclass_fields__
    }


def test_events_and_exposures_of_one_call_go_into_their_own_tables() -> None:
    ingest.store([rows.event(), rows.exposure(), rows.event()])

    assert (Event.objects.count(), Exposure.objects.count()) == (2, 1)


def test_nothing_can_be_stored() -> None:
    ingest.store([])

    assert Event.objects.count() == 0


def test_the_order_of_a_call_is_the_order_of_the_log() -> None:
    ingest.store([rows.event(key=str(number), uuid=f"{100 - number}") for number in range(20)])

    assert [event.key for event in Event.objects.order_by("id")] == [str(number) for number in range(20)]


def test_a_client_id_counts_once_per_project() -> None:
    ingest.store([rows.event(uuid="u", key="first")])
    ingest.store([rows.event(uuid="u", key="again"), rows.event(uuid="u", key="elsewhere", project_id=2)])

    assert [event.key for event in Event.objects.order_by("id")] == ["first", "elsewhere"]
    assert SeenEvent.objects.count() == 2


def test_of_twins_in_one_call_the_first_counts() -> None:
    ingest.store([rows.event(uuid="u", key="first"), rows.event(uuid="u", key="second"), rows.event(key="other")])

    assert [event.key for event in Event.objects.order_by("id")] == ["first", "other"]


def test_events_without_a_client_id_count_each_time() -> None:
    ingest.store([rows.event(), rows.event()])
    ingest.store([rows.event()])

    assert Event.objects.count() == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", "a\x00b"),
        ("user_id", "\ud800"),
        ("user_id", "x" * 256),
        ("key", "a\x00b"),
        ("key", "x" * 256),
        ("uuid", "x" * 65),
        ("kind", "x" * 33),
        ("source", "x" * 17),
        ("revenue", 2**63),
        ("value", float("nan")),
        ("value", float("inf")),
        ("payload", {"deep": ["a\x00b"]}),
        ("payload", {"a\x00b": 1}),
        ("payload", {"\udfff": 1}),
        ("payload", {"wide": 2**80, "text": "\x00"}),
        ("payload", _nested(2000)),
        ("payload", {"set": {1}}),
    ],
)
def test_what_no_column_can_hold_is_refused_and_nothing_of_the_call_is_stored(field: str, value: object) -> None:
    with pytest.raises(Invalid):
        ingest.store([rows.event(), rows.event(**{field: value})])

    assert Event.objects.count() == 0


def test_a_text_that_only_looks_like_an_escaped_nul_is_no_harm() -> None:
    ingest.store([rows.event(payload={"path": "C:\\u0000"})])

    assert Event.objects.get().payload == {"path": "C:\\u0000"}


@pytest.mark.parametrize("field", ["flag_key", "rule_key", "variation_key", "user_id"])
def test_an_exposure_is_held_to_the_same(field: str) -> None:
    with pytest.raises(Invalid):
        ingest.note([rows.exposure(**{field: "\x00"})])


@pytest.mark.parametrize("write", [lambda: ingest.store([rows.event()]), lambda: ingest.note([rows.exposure()])])
def test_inside_a_transaction_rows_share_its_fate(write: Callable[[], None], settings: Any) -> None:
    settings.INLINE_WRITER = False

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write()
        raise ZeroDivisionError

    assert (Event.objects.count(), Exposure.objects.count(), Quarantine.objects.count()) == (0, 0, 0)
