"""An export of enrolments as values, line by line. Nothing is stored here."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from decisions.enrolments.layout import MISSING, NEEDED, THROUGH_GROUP
from experiments import texts
from experiments.errors import Invalid
from experiments.instants import in_utc


@dataclass(frozen=True, slots=True)
class Line:
    """One person at one point. `group_id` is "" where none is named, `marked_at` None where no time is."""

    number: int
    experiment: str
    user_id: str
    group_id: str
    site: str
    target: str
    condition: str
    marked_at: datetime | None
    through_group: bool


def read(lines: Iterable[str]) -> Iterator[Line]:
    """Every line under the header. Raises Invalid with the number of a line that is none."""
    rows = csv.DictReader(lines)
    absent = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if absent:
        raise Invalid(f"the file has no column {', '.join(absent)}")
    try:
        for number, row in enumerate(rows, start=2):
            yield _line(number, row)
    except csv.Error as error:
        raise Invalid(f"the file is no CSV: {error}") from error


def _line(number: int, row: dict[str, str | None]) -> Line:
    try:
        line = Line(
            number=number,
            experiment=_text(row, "ExperimentId"),
            user_id=texts.plain(row.get("UserId") or ""),
            group_id=_text(row, "GroupId"),
            site=_text(row, "Site"),
            target=_text(row, "Target"),
            condition=_text(row, "ConditionName"),
            marked_at=_moment(_text(row, "MarkExperimentPointTime")),
            through_group=_text(row, "EnrollmentCode") == THROUGH_GROUP,
        )
        texts.check(line.user_id, line.group_id, line.site, line.target, line.condition)
    except (Invalid, ValueError, OverflowError) as error:
        raise Invalid(f"line {number}: {error}") from error
    if not line.user_id or not line.experiment:
        raise Invalid(f"line {number} names no user or no experiment")
    return line


def _text(row: dict[str, str | None], name: str) -> str:
    text = row.get(name) or ""
    return "" if text == MISSING else texts.plain(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return in_utc(found)
