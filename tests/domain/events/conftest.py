"""A real writer with its thread, for the tests that ask for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from events import writer
from tests.harness.holding import Hold


@pytest.fixture
def live_writer(settings: Any, tmp_path: Path, transactional_db: None) -> Iterator[None]:
    settings.INLINE_WRITER = False
    settings.VAR_DIR = tmp_path
    writer.shut_down()
    yield
    writer.shut_down()


@pytest.fixture
def database(live_writer: None) -> Iterator[Hold]:
    """The means to stop every write for a while."""
    held = Hold(_url_of_the_test_database())
    yield held
    held.release()


def _url_of_the_test_database() -> str:
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{of['NAME']}"
    return f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
