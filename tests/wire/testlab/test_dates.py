"""The dates that are taken and refused (testlab contract §2.2)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.wire.testlab import calling

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "written",
    [
        "2/23/23",
        "02/23/2023",
        "2-23-23",
        "2.23.23",
        "2/23/23 10:00 PM",
        "2023-02-23",
        "2023/2/23",
        "20230223",
        "230223",
        "2023-054",
        "2023-02-23T07:00:00.000Z",
        "2023-02-23T23:59:00-05:00",
        "2023-02-23 10:00",
        "2023-02-23 10:00:59.5+01",
        "Feb 23, 2023",
        "February 23, 2023",
        "23 Feb 2023",
        "23-Feb-23",
        "Thu Feb 23 2023",
        "Thu, 23 Feb 2023 07:00:00 GMT",
        "Thu Feb 23 2023 07:00:00 GMT+0000",
        "2/23/2023, 10:00:00 PM",
        "20230223T070000Z",
        "2023-02-23 10:00:00 PST",
        "  2023-02-23  ",
        20230223,
    ],
)
def test_a_date_is_taken_as_it_is_written(written: str | int) -> None:
    made = calling.feature(start_date=written)

    assert made["start_date"] == "2023-02-23T00:00:00.000Z"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2023-2-3", "2023-02-03"),
        ("2/3/69", "2069-02-03"),
        ("2/3/70", "1970-02-03"),
        ("12/31/99", "1999-12-31"),
        ("2024-02-29", "2024-02-29"),
        ("epoch", "1970-01-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_short_years_and_short_months_are_completed(written: str, day: str) -> None:
    made = calling.feature(end_date=written)

    assert made["end_date"] == f"{day}T00:00:00.000Z"


def test_today_and_tomorrow_are_dates() -> None:
    made = calling.feature(start_date="today", end_date="Tomorrow")

    start, end = (datetime.fromisoformat(made[name]) for name in ("start_date", "end_date"))
    assert end - start == timedelta(days=1)
    assert start <= datetime.now(UTC) < end + timedelta(days=1)


@pytest.mark.parametrize(
    "written",
    [
        "23/2/23",
        "23.2.2023",
        "2/23",
        "",
        "1677110400",
        "1677110400000",
        1677110400,
        1677110400000,
        "2023-02-30",
        "2023-02-29",
        "2023-13-01",
        "2023-366",
        "2023-W08-4",
        "Thu Feb 23 2023 00:00:00 GMT-0700 (Mountain Standard Time)",
        "2023-02-23 25:00",
        "2023-02-23 13:00 PM",
        "20230223T250000",
        "2023-02-23 10:00+25:00",
        "2023-02-23 10:00 XYZ",
        "Foo 23, 2023",
        "2023-02-23\u0000",
        "soon",
        "２０２３-02-23",
        True,
        ["2023-02-23"],
    ],
)
def test_what_is_no_date_is_refused(written: object) -> None:
    response = calling.post("/api/feature", calling.EXPERIMENT | {"start_date": written})

    assert (response.status_code, response.json()) == (403, "Error in creating the feature in postgres")


def test_dates_survive_being_sent_back() -> None:
    made = calling.feature(start_date="2023-11-01", end_date="2023-11-30")

    for _ in range(3):
        made = calling.put(f"/api/feature/{made['id']}", made).json()

    assert (made["start_date"], made["end_date"]) == ("2023-11-01T00:00:00.000Z", "2023-11-30T00:00:00.000Z")
