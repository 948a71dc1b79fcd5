"""What a step of the test run came to, and the table that says so in the end. Nothing is run here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests of pytest came to what; `reasons` says why some were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.reasons + other.reasons,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table; `note` is why a step was skipped, or what it counted."""

    name: str
    state: State
    seconds: float = 0.0
    note: str = ""
    count: Count = field(default_factory=Count)


def read_count(report: Path) -> Count:
    """Count the tests of a JUnit report that pytest wrote; a missing report counts as one failure."""
    if not report.exists():
        return Count(failed=1)
    total = Count()
    for case in ElementTree.parse(report).iter("testcase"):
        total += _count_of(case)
    return total


def _count_of(case: ElementTree.Element) -> Count:
    if case.find("failure") is not None or case.find("error") is not None:
        return Count(failed=1)
    skipped = case.find("skipped")
    if skipped is not None and skipped.get("type") != "pytest.xfail":
        reason = re.sub(r"\s+", " ", skipped.get("message") or "no reason given")
        return Count(skipped=1, reasons=Counter([reason]))
    return Count(passed=1)


def verdict(outcomes: Sequence[Outcome], *, strict: bool) -> list[str]:
    """The reasons why this run has failed; none if it has not. `strict` lets nothing be skipped."""
    faults = [f"{outcome.name} failed" for outcome in outcomes if outcome.state == "failed"]
    if strict:
        faults += [f"{outcome.name} was skipped: {outcome.note}" for outcome in outcomes if outcome.state == "skipped"]
        faults += [f"{outcome.name} skipped {_times(outcome.count)}" for outcome in outcomes if outcome.count.skipped]
    return faults


def table(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        rows.append(f"  {outcome.state:8} {outcome.name:24} {outcome.seconds:7.1f} s  {outcome.note}".rstrip())
        rows += [f"{'':46}{number} x {reason}" for reason, number in outcome.count.reasons.items()]
    return "\n".join(rows)


def _times(count: Count) -> str:
    return f"{count.skipped} test{'s' if count.skipped != 1 else ''}: {'; '.join(count.reasons)}"
