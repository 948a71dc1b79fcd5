"""The last good sources of every project on this machine's disk, for a start while the database is away.

One file a project, replaced atomically. A file that cannot be read counts as none.
"""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from django.conf import settings

from decisions.compile import Sources
from experiments import shapes

logger = logging.getLogger(__name__)


def keep(*, sources: Sources, is_back: bool = False) -> None:
    """Write a project's sources unless a later generation is there already. A full disk is logged, not raised.

    `is_back`: the database knows no later one, as after a restore.
    """
    path = _directory() / f"{sources.project_id}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = _read(path)
        if is_back or there is None or there.generation <= sources.generation:
            _replace(path, msgspec.json.encode(sources))
    except OSError:
        logger.warning("The last good copy of project %s could not be written", sources.key, exc_info=True)


def drop(*, project_ids: Iterable[int]) -> None:
    """Forget projects that are gone."""
    for project_id in project_ids:
        with contextlib.suppress(OSError):
            (_directory() / f"{project_id}.json").unlink()


def project_ids() -> set[int]:
    """The projects of which there are copies."""
    return {int(path.stem) for path in _directory().glob("*.json") if path.stem.isdigit()}


def read_all() -> list[Sources]:
    """Everything that was kept, by project id."""
    found = [_read(path) for path in sorted(_directory().glob("*.json"))]
    return sorted((sources for sources in found if sources is not None), key=lambda sources: sources.project_id)


def _directory() -> Path:
    return Path(settings.VAR_DIR) / "snapshots"


def _read(path: Path) -> Sources | None:
    try:
        return shapes.decoder(Sources).decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
        logger.warning("The last good copy %s cannot be read", path.name, exc_info=True)
        return None


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fdatasync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
