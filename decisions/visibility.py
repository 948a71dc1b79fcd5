"""Through which dialects clients meet an experiment, and what is missing where they do not (design §5, last table)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from decisions import datafiles
from decisions.drafts import Draft
from experiments.models import Experiment, Project

Row = Mapping[str, Any]
Document = Mapping[str, Any]

RUNNING = (Experiment.Status.RUNNING,)
MET = (Experiment.Status.RUNNING, Experiment.Status.PAUSED, Experiment.Status.PREVIEW)


@dataclass(frozen=True, slots=True)
class Sight:
    """`missing` is the first condition that is not met, in plain words; "" when clients of this kind see it.

    `remark` is what is worth knowing although it is visible.
    """

    who: str
    missing: str = ""
    remark: str = ""

    @property
    def visible(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class _Case:
    """One experiment as a document holds it, and what else the conditions ask for."""

    experiment: Experiment
    project: Project
    document: Document
    row: Row | None
    testlab_project: str
    now: datetime


def of_experiment(*, experiment: Experiment, draft: Draft, testlab_project: str, now: datetime) -> tuple[Sight, ...]:
    """Who sees an experiment at `now`, one line per way in. What is only saved is not visible yet."""
    saved = _case(experiment, draft.saved, testlab_project, now)
    published = _case(experiment, draft.published, testlab_project, now)
    return tuple(_sight(who, dialect, conditions, saved, published) for who, dialect, conditions in WAYS_IN)


def _case(experiment: Experiment, document: Document, testlab_project: str, now: datetime) -> _Case:
    row = next((row for row in document["experiments"] if row["id"] == experiment.pk), None)
    return _Case(experiment, experiment.project, document, row, testlab_project, now)


def _sight(who: str, dialect: str, conditions: Iterable[Any], saved: _Case, published: _Case) -> Sight:
    missing = _shut(saved.project, dialect) or _first(conditions, saved)
    if not missing and _first(conditions, published):
        missing = "saved, but not published yet"
    return Sight(who, missing, "" if missing else _remark(dialect, published))


def _first(conditions: Iterable[Any], case: _Case) -> str:
    return next((missing for condition in conditions if (missing := condition(case))), "")


def _shut(project: Project, dialect: str) -> str:
    if not project.active:
        return "the project is switched off"
    return "" if dialect in project.dialects else "the project is not open to these clients"


def _is_met(case: _Case) -> str:
    status = case.experiment.status
    return "" if status in MET and case.row else f"its status is “{case.experiment.get_status_display()}”"


def _is_running(case: _Case) -> str:
    status = case.experiment.get_status_display()
    return "" if case.row and case.row["status"] in RUNNING else f"it is not running (status “{status}”)"


def _is_in_its_dates(case: _Case) -> str:
    if case.row is None or datafiles.is_open({**case.row, "status": case.experiment.status}, now=case.now):
        return ""
    return "today is outside its start and end"


def _has_variations(case: _Case) -> str:
    return "" if case.row and case.row["variations"] else "it has no variations"


def _has_points(case: _Case) -> str:
    return "" if case.row and case.row["points"] else "it has no decision point"


def _lets_somebody_in(case: _Case) -> str:
    if case.row is None or case.row["design"]["filter_mode"] == "include_all":
        return ""
    listed = any(entry["mode"] == "include" for entry in case.row["lists"])
    return "" if listed else "its lists start from nobody, and none lets anybody in"


def _gives_something(case: _Case) -> str:
    design = None if case.row is None else case.row["design"]
    if design is None:
        return ""
    if design["algorithm"] == "adaptive":
        return "adaptive assignment is not supported; nobody new is given a condition"
    is_over = case.experiment.status == Experiment.Status.PAUSED and design["post_rule"] == "assign"
    return "it is over, and its rule is to give everybody nothing" if is_over and design["fallback"] is None else ""


def _is_ab_test(case: _Case) -> str:
    return "" if case.experiment.kind == Experiment.Kind.AB_TEST else "it is a targeted delivery, not an A/B test"


def _is_testlab(case: _Case) -> str:
    if case.project.key != case.testlab_project:
        return f"only experiments of the project “{case.testlab_project}” are shown there"
    return "" if _flags(case, kind=3) else "no flag of the kind “Experiment” delivers it"


def _has_flag(case: _Case) -> str:
    flags = _flags(case)
    if not flags:
        return "no flag delivers it"
    return "" if any(datafiles.is_on(flag, now=case.now) for flag in flags) else "the flag that delivers it is off"


def _flags(case: _Case, kind: int | None = None) -> list[Row]:
    return [
        flag for flag in case.document["flags"] if case.experiment.pk in flag["rules"] and kind in (None, flag["kind"])
    ]


def _is_expressible(case: _Case) -> str:
    if case.row is None or datafiles.is_expressible(case.row, case.document):
        return ""
    return "groups, lists, members of segments or UpGrade's draw cannot be said in a datafile; the server still decides"


def _remark(dialect: str, case: _Case) -> str:
    status = case.experiment.status
    if dialect == "upgrade" and status == Experiment.Status.PAUSED:
        return "only people who were already in it"
    if dialect == "upgrade" and status == Experiment.Status.PREVIEW:
        return "only preview users"
    return ""


WAYS_IN: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    (
        "UpGrade clients (assign)",
        "upgrade",
        (_is_met, _is_in_its_dates, _has_variations, _has_points, _lets_somebody_in, _gives_something),
    ),
    ("Test Lab clients", "testlab", (_is_testlab, _is_met, _has_variations)),
    ("Experiment API", "experiment_api", (_is_ab_test,)),
    ("Agent: decide", "agent", (_is_running, _is_in_its_dates, _has_variations, _has_flag)),
    ("Agent: activate by experiment", "agent", (_is_running, _is_in_its_dates, _has_variations)),
    ("SDKs that decide locally", "agent", (_is_running, _is_in_its_dates, _has_variations, _has_flag, _is_expressible)),
)
