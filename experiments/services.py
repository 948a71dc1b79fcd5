"""What the Experiment API makes of projects and experiments. Nothing here publishes (`decisions.lifecycle`)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from experiments.models import Design, Experiment, Project

LONGEST_KEY = 255
TRIES = 5


def open_service(*, name: str, active: bool) -> Project:
    """A new project with keys of its own; services of one name may exist side by side."""
    for _ in range(TRIES - 1):
        try:
            with transaction.atomic():
                return _open(name, active)
        except IntegrityError:  # somebody else took the key between the look and the insert
            continue
    return _open(name, active)


def _open(name: str, active: bool) -> Project:
    return Project.objects.create(name=name, key=free_key(name=name, among=Project.objects.all()), active=active)


def add_experiment(*, service: Project, name: str, active: bool, starts_at: datetime | None) -> Experiment:
    """A new A/B test, running from the start (or from `starts_at`) when active; its arms arrive later."""
    Project.objects.select_for_update(no_key=True).get(pk=service.pk)  # two of one name: one key after the other
    made = Experiment.objects.create(
        project=service,
        key=free_key(name=name, among=Experiment.objects.filter(project=service)),
        name=name,
        status=Experiment.Status.RUNNING if active else Experiment.Status.INACTIVE,
        starts_at=starts_at,
    )
    Design.objects.create(experiment=made)
    return made


def amend(*, row: Project | Experiment, **changes: object) -> None:
    """Change a service's `name` or `active`, an experiment's `name` or `starts_at`. Keys stay: clients know them."""
    for name, value in changes.items():
        setattr(row, name, value)
    if changes:
        row.save(update_fields=[*changes, "updated_at"])


def free_key(*, name: str, among: QuerySet[Project] | QuerySet[Experiment]) -> str:
    """The name itself where no row of `among` has it as key, else the name with the first free number behind it."""
    taken = set(among.filter(key__startswith=name[: LONGEST_KEY - 12]).values_list("key", flat=True))
    return next(key for key in _keys(name) if key not in taken)


def _keys(name: str) -> Iterator[str]:
    yield name[:LONGEST_KEY]
    for number in count(2):
        yield f"{name[: LONGEST_KEY - 12]}-{number}"
