"""What every test can count on, whatever database and tools the machine has.

A test that needs a tool is marked (`redis`, `node`, `browser`) and skipped, with the reason, where the tool is missing;
a test about one database (`sqlite`, `postgresql`) is left out of the runs on the other, and one about none, where
`make test` says so (ARBITER_TEST_ONCE), of the second.
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

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "django_db_serialized_rollback", "live_server"}
STARTS_PROCESSES = {"browser", "commands", "faults", "house", "road"}


def _vendor() -> str:
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return "sqlite" if engine.endswith("sqlite3") else "postgresql"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[_vendor()]
    left_out = [item for item in items if item.get_closest_marker(other) or _ran_on_the_other(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        for marker, (present, reason) in NEEDS.items():
            if item.get_closest_marker(marker) and not present():
                item.add_marker(pytest.mark.skip(reason=reason))


def _ran_on_the_other(item: pytest.Item) -> bool:
    """Whether a test says the same on every database, so that the run on SQLite is enough.

    It does when pytest-django keeps it away from databases; tests that start processes of their own are not known to.
    """
    if os.environ.get("ARBITER_TEST_ONCE") != "1" or item.path.parent.name in STARTS_PROCESSES:
        return False
    return not item.get_closest_marker("django_db") and DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


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
