"""What an installation may choose: shims, guards and privacy, all off by default (testlab contract §7)."""

import pytest
from django.conf import LazySettings

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


def test_old_sdks_may_be_shown_toggles_as_rollouts_to_everybody(settings: LazySettings) -> None:
    made = calling.feature(name="t", type_id=1, user_percentage=0.5)
    assert calling.current()["toggles"] == [made]

    settings.TESTLAB_TOGGLES_AS_ROLLOUTS = True

    assert calling.current()["toggles"] == [made | {"type_id": 2, "user_percentage": 1}]
    assert calling.get(f"/api/feature/{made['id']}").json() == made


def test_more_than_everybody_is_accepted_with_a_warning() -> None:
    calling.feature(name="first", user_percentage=0.6)

    response = calling.post("/api/feature", calling.EXPERIMENT | {"name": "second", "user_percentage": 0.6})

    assert response.status_code == 200
    assert "120%" in response.headers["X-Warning"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"user_percentage": 0.6}, 403),
        ({"user_percentage": 0.4}, 200),
        ({"user_percentage": 1, "type_id": 2}, 200),
        ({"user_percentage": 0.6, "start_date": "2098-01-01"}, 403),
        ({"user_percentage": 0.6, "start_date": "2099-05-01", "end_date": "2099-06-01"}, 200),
        ({"user_percentage": 1, "end_date": "2023-03-01"}, 200),
    ],
)
def test_more_than_everybody_may_be_refused(settings: LazySettings, fields: dict[str, object], status: int) -> None:
    settings.TESTLAB_STRICT_OVERLAP = True
    calling.feature(name="first", user_percentage=0.6)

    response = calling.post("/api/feature", calling.EXPERIMENT | {"name": "second"} | fields)

    assert response.status_code == status
    assert len(calling.get("/api/feature").json()) == (2 if status == 200 else 1)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"is_running": False}, 200),
        ({"user_percentage": 0.5}, 200),
        ({"user_percentage": 0.7}, 403),
    ],
)
def test_what_is_too_much_already_may_only_become_less(
    settings: LazySettings, fields: dict[str, object], status: int
) -> None:
    first = calling.feature(name="first", user_percentage=0.6)
    calling.feature(name="second", user_percentage=0.6)
    settings.TESTLAB_STRICT_OVERLAP = True

    assert calling.put(f"/api/feature/{first['id']}", first | fields).status_code == status
    assert calling.feature(name="toggle", type_id=1)["type_id"] == 1


@pytest.mark.parametrize(
    ("policy", "sent", "kept"),
    [
        ("keep", "192.168.101.21", "192.168.101.21"),
        ("truncate", "192.168.101.21", "192.168.101.0/24"),
        ("truncate", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("truncate", "10.1.2.3/8", "10.0.0.0/8"),
        ("drop", "192.168.101.21", "0.0.0.0"),
    ],
)
def test_addresses_may_be_cut_or_dropped(settings: LazySettings, policy: str, sent: str, kept: str) -> None:
    settings.TESTLAB_IP_ADDRESSES = policy
    blue, _ = calling.variants(calling.feature()["id"])

    answered = calling.record(blue["id"], ip_address=sent).json()["ip_address"]

    assert answered == kept
    assert [row["ip_address"] for row in calling.get("/api/users").json()] == [kept]
