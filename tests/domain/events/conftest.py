"""A real writer with its thread, for the tests that ask for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events import writer
from tests.domain.events.database import Database


@pytest.fixture
def live_writer(settings: Any, tmp_path: Path, transactional_db: None) -> Iterator[None]:
    settings.INLINE_WRITER = False
    settings.VAR_DIR = tmp_path
    writer.shut_down()
    yield
    writer.shut_down()


@pytest.fixture
def database(live_writer: None) -> Iterator[Database]:
    """The means to stop every write for a while."""
    held = Database()
    yield held
    held.release()
