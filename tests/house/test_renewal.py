"""Whether workers are told that others take over."""

from pathlib import Path
from typing import Any

from config import renewal


def test_new_workers_come_although_nothing_can_be_written(tmp_path: Path) -> None:
    renewal.announce(tmp_path / "missing")


def test_a_mark_that_cannot_be_read_announces_nothing(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    renewal.announce(tmp_path)
    renewal.begin()
    known = renewal._known
    (tmp_path / renewal.MARK).unlink()
    (tmp_path / renewal.MARK).mkdir()

    renewal.begin()

    assert renewal._known == known != ""
