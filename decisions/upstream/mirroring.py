"""Projects that hold somebody else's datafile, verbatim: how one is taken in.

What a client downloads from such a project is what was imported, byte for byte in meaning; nothing of it is editable.
"""

from datetime import datetime

import orjson
from django.db import IntegrityError, transaction
from django.db.models import F

from decisions import snapshots
from decisions.engine import Fault, InvalidDatafile, load, validate
from experiments.errors import Conflict, Invalid
from experiments.models import MirroredDatafile, Project

SHOWN_FAULTS = 10


def take_in(*, body: bytes, sdk_key: str, now: datetime, key: str = "", is_strict: bool = True) -> Project:
    """Make a datafile what the project behind `sdk_key` decides by; a new mirrored project when there is none.

    `key` names a new project (the SDK key when empty). With `is_strict`, everything that some SDK would refuse refuses
    the datafile; without, only what cannot be decided by. Raises Invalid with the path of the first fault, and Conflict
    when the SDK key or the key belongs to a project that is edited here.
    """
    check(body, is_strict=is_strict)
    if not sdk_key or "-" in sdk_key:
        raise Invalid("An SDK key must not be empty or contain a hyphen", field="sdk_key")
    with transaction.atomic():
        project = _project(sdk_key=sdk_key, key=key or sdk_key)
        mirrored = MirroredDatafile.objects.filter(project=project).first()
        if mirrored is None or mirrored.body != body.decode():
            _replace(project, body.decode(), now)
        return project


def check(body: bytes, *, is_strict: bool) -> None:
    """Raise Invalid, with the paths of the first faults in the message, for a datafile that will not do."""
    try:
        document = orjson.loads(body)
        faults = validate(document) if is_strict else []
        load(document)
    except (orjson.JSONDecodeError, RecursionError) as fault:
        raise Invalid(f"The datafile is not JSON: {fault}") from fault
    except InvalidDatafile as fault:
        raise Invalid(str(fault), field=fault.path) from fault
    if faults:
        raise Invalid(_told(faults), field=faults[0].path)


def remarks(body: bytes) -> list[str]:
    """What of a usable datafile some SDK would refuse, such as dangling ids: a line each."""
    return _told(validate(orjson.loads(body))).splitlines()


def _told(faults: list[Fault]) -> str:
    lines = [f"{fault.path}: {fault.message}" for fault in faults[:SHOWN_FAULTS]]
    more = len(faults) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def _project(*, sdk_key: str, key: str) -> Project:
    """The mirrored project of this SDK key, locked; made when there is none."""
    made = {"key": key, "name": key, "source": Project.Source.MIRRORED}
    try:
        found, _ = Project.objects.select_for_update(no_key=True).get_or_create(sdk_key=sdk_key, defaults=made)
    except IntegrityError as taken:
        raise Conflict(f"There is another project with the key {key}") from taken
    if found.source != Project.Source.MIRRORED:
        raise Conflict(f"{found} is edited here; a datafile cannot replace it")
    return found


def _replace(project: Project, body: str, now: datetime) -> None:
    MirroredDatafile.objects.update_or_create(project=project, defaults={"body": body, "fetched_at": now})
    Project.objects.filter(pk=project.pk).update(revision=F("revision") + 1)
    snapshots.announce(project_ids=[project.pk])
