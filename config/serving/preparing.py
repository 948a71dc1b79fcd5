"""What must be there before the first request: directories, tables, a demo, somebody who may log in.

Each step does nothing where its work is done already. Nothing here prints.
"""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

ADMIN = "admin"
# Any number will do, as long as nobody else locks it in this database.
ADVISORY_LOCK = 0x41524249544553


class InUse(Exception):
    """Another server works with the same data directory."""


@dataclass(frozen=True, slots=True)
class Admin:
    """A researcher who may do everything; the password is known only here and now."""

    username: str
    password: str


@contextmanager
def sole_user_of(directory: Path) -> Iterator[None]:
    """Keep every other server away from `directory` while the block runs. Raises InUse."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(
                f"Another Arbiter already serves from {directory}. Stop it, or give this one a directory of its own: "
                "ARBITER_VAR=..."
            ) from error
        yield


@contextmanager
def turn() -> Iterator[None]:
    """Prepare the database while nobody else does: others who start on it, on whichever machine, wait their turn.

    SQLite's is of one machine, and its directory is ours (`sole_user_of`).
    """
    try:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        yield
    finally:
        connection.close()


def make_directories() -> Path:
    """Make what the server expects to find, and return an empty directory for the counts of several workers."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    metrics = Path(settings.VAR_DIR) / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    return metrics


def has_last_good_copies(directory: Path) -> bool:
    """Whether something was published here that can be decided by without a database (`decisions/lastgood.py`)."""
    return any((directory / "snapshots").glob("*.json"))


def migrate() -> bool:
    """Bring the tables up to date, the cache's too; True if there was anything to do."""
    executor = MigrationExecutor(connection)
    due = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if due:
        call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    return due


def seed_if_empty() -> bool:
    """Fill a database without projects with the demo; never in production. True if it did."""
    if settings.PRODUCTION or "seed_demo" not in get_commands():
        return False
    if apps.get_model("experiments", "Project")._default_manager.exists():
        return False
    call_command("seed_demo", verbosity=0)
    return True


def make_admin_if_none() -> Admin | None:
    """Create the first superuser, with a random password, unless there is one."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return None
    taken = users.filter(username=ADMIN).exists()
    admin = Admin(
        username=f"{ADMIN}-{secrets.token_hex(2)}" if taken else ADMIN,
        password=secrets.token_urlsafe(12),
    )
    get_user_model().objects.create_superuser(username=admin.username, password=admin.password)
    return admin
