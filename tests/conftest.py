"""What every test can count on, whatever database and tools the machine has.

A test that needs a tool is marked (`redis`, `node`, `browser`) and skipped, with the reason, where the tool is missing;
a test about one database (`sqlite`, `postgresql`) is left out of the runs on the other.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from decisions import snapshots
from tests.harness import tools

NEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "redis": (lambda: os.environ.get("TEST_REDIS_URL"), "TEST_REDIS_URL names no Redis server"),
    "node": (lambda: shutil.which("node"), "Node.js is not installed"),
    "browser": (tools.chromium, "Chromium is not installed"),
}


def _vendor() -> str:
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return "sqlite" if engine.endswith("sqlite3") else "postgresql"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[_vendor()]
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        for marker, (present, reason) in NEEDS.items():
            if item.get_closest_marker(marker) and not present():
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def fresh_snapshots() -> Iterator[None]:
    """A rolled-back test reuses row ids: what was compiled for another test must not answer for this one."""
    snapshots.forget()
    yield
    snapshots.forget()


@pytest.fixture
def connections_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that calls the WSGI application itself: its transaction must survive the requests."""
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda self: None)
