"""Calendar days as people and programs write them: PostgreSQL's `DateStyle ISO, MDY` (testlab contract §2.2).

The time of day and its zone are checked and thrown away: the date counts as it is written.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from experiments.errors import Invalid

MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june"),
            ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october"),
            ("nov", "november"), ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
CLOCK = r"(?P<hour>\d{1,2}):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d+)?)?(?:\s*(?P<half>[AP]M))?"
PACKED_CLOCK = r"(?:[01]\d|2[0-4])[0-5]\d[0-5]\d"
ZONE = r"(?:Z|[ECMP][SD]T|CES?T|(?:GMT|UTC)?[+-](?:0?\d|1[0-5])(?::?[0-5]\d)?|GMT|UTC)"
TIME = rf"(?:(?:\s*T|,?\s+)(?:{CLOCK}|{PACKED_CLOCK})(?:\s*{ZONE})?)?"
FORMS = tuple(
    re.compile(rf"\s*{WEEKDAY}{form}{TIME}\s*", re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})",
        r"(?P<year>\d{4}|\d{2})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})[-.](?P<yearday>\d{3})",
        r"(?P<month>\d{1,2})(?P<sign>[/.-])(?P<day>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})",
        r"(?P<name>[a-z]{3,9})\.?[\s-]+(?P<day>\d{1,2}),?[\s-]\s*(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[\s-](?P<name>[a-z]{3,9})\.?[\s,-]\s*(?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})[\s-](?P<name>[a-z]{3,9})[\s-](?P<day>\d{1,2})",
    )
)
CENTURY_TURN = 70


def read_day(text: str, *, today: date) -> date:
    """The day that `text` names; `today` is what its relative words count from. Raises Invalid."""
    word = text.strip().lower()
    relative = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
    if word in relative:
        return today + timedelta(days=relative[word])
    if word == "epoch":
        return date(1970, 1, 1)
    for form in FORMS:
        if found := form.fullmatch(text):
            return _day_of(found.groupdict(), text)
    raise Invalid(f"{text[:40]!r} is no date")


def _day_of(parts: Mapping[str, str | None], text: str) -> date:
    try:
        _check_time(parts)
        year = _year(parts["year"] or "")
        if yearday := parts.get("yearday"):
            return _day_of_year(year, int(yearday))
        name = parts.get("name")
        month = MONTHS.get(name.lower(), 0) if name else int(parts["month"] or 0)
        return date(year, month, int(parts["day"] or 0))
    except (ValueError, OverflowError) as fault:
        raise Invalid(f"{text[:40]!r} is no date") from fault


def _day_of_year(year: int, number: int) -> date:
    found = date(year, 1, 1) + timedelta(days=number - 1)
    if found.year != year:
        raise ValueError(f"{year} has no day {number}")
    return found


def _year(written: str) -> int:
    year = int(written)
    if len(written) == 4:
        return year
    return year + (2000 if year < CENTURY_TURN else 1900)


def _check_time(parts: Mapping[str, str | None]) -> None:
    """Raise ValueError for an hour that no clock shows."""
    hour = int(parts["hour"] or 0)
    if hour > 24 or (parts["half"] and not 1 <= hour <= 12):
        raise ValueError(f"hour {hour}")
