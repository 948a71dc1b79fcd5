"""What `make test` runs, in order. A step says what it is called and how it is run; `run.py` runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.harness import environment, postgres, redis
from tests.harness.outcomes import Count, Outcome, read_count

ROOT = Path(__file__).resolve().parents[2]
DIALECTS = ("upgrade", "testlab", "experiment_api", "agent")
NO_TESTS_COLLECTED = 5
SECONDS_TO_CLEAN_UP = 30


class Skip(Exception):
    """This step cannot run here; `str(reason)` says why."""


class Failed(Exception):
    """This step ran and failed."""


@dataclass(frozen=True, slots=True)
class Step:
    """`run` does the work, in the scratch directory it is given, and returns what it counted. Raises Skip or Failed."""

    name: str
    run: Callable[[Path], Count]


def all_steps() -> list[Step]:
    return [
        Step("format", _python("-m", "ruff", "format", "--check", ".")),
        Step("ruff", _python("-m", "ruff", "check", ".")),
        Step("mypy", _python("-m", "mypy")),
        Step("imports", _python("-c", "import sys, importlinter.cli as c; sys.exit(c.lint_imports(no_logo=True))")),
        Step("migrations", _python("manage.py", "makemigrations", "--check", "--dry-run")),
        Step("check", _python("manage.py", "check", "--fail-level", "WARNING")),
        *(Step(f"openapi-{dialect}", _openapi(dialect)) for dialect in DIALECTS),
        Step("node-packages", _node_packages),
        Step("sqlite", lambda scratch: _suite(scratch, database_url=None)),
        Step("postgresql", _suite_on_postgresql),
    ]


def call(command: list[str], *, env: Mapping[str, str], cwd: Path = ROOT) -> int:
    """Run a command to its end and return its exit code.

    It has a session of its own: interrupted, it hears so once, from us, may clean up, and is then swept away.
    """
    child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            child.wait(SECONDS_TO_CLEAN_UP)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise


def _python(*arguments: str) -> Callable[[Path], Count]:
    def run(scratch: Path) -> Count:
        if call([sys.executable, *arguments], env=environment.clean(var=scratch)) != 0:
            raise Failed
        return Count()

    return run


def _openapi(dialect: str) -> Callable[[Path], Count]:
    urlconf = f"config.routes.{dialect}"
    document = _python(
        "manage.py", "spectacular", "--urlconf", urlconf, "--validate", "--fail-on-warn", "--file", os.devnull
    )

    def run(scratch: Path) -> Count:
        if not (ROOT / "config" / "routes" / f"{dialect}.py").exists():
            raise Skip(f"there is no {urlconf}")
        return document(scratch)

    return run


def _node_packages(scratch: Path) -> Count:
    """Install what each `package-lock.json` of the tests names, once per lock."""
    locks = [lock for lock in (ROOT / "tests").rglob("package-lock.json") if "node_modules" not in lock.parts]
    npm = shutil.which("npm")
    if locks and not npm:
        raise Skip("npm is not installed")
    for lock in locks:
        installed = lock.parent / "node_modules" / ".installed-lock.json"
        if installed.exists() and installed.read_bytes() == lock.read_bytes():
            continue
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if call(command, env=environment.clean(var=scratch), cwd=lock.parent) != 0:
            raise Failed
        if json.loads(lock.read_bytes()).get("packages"):
            installed.parent.mkdir(exist_ok=True)
            shutil.copy(lock, installed)
    return Count()


def _suite_on_postgresql(scratch: Path) -> Count:
    if url := os.environ.get("TEST_DATABASE_URL"):
        return _suite(scratch, database_url=url)
    if not postgres.available():
        raise Skip("no PostgreSQL server is installed and TEST_DATABASE_URL is not set")
    with postgres.private_server() as url:
        return _suite(scratch, database_url=f"{url}/arbiter")


def _suite(scratch: Path, *, database_url: str | None) -> Count:
    """The whole suite on one database: what can share the machine side by side, faults alone."""
    with _redis() as redis_url:
        env = environment.clean(var=scratch, TEST_REDIS_URL=redis_url)
        env.pop("DJANGO_SETTINGS_MODULE")
        if database_url:
            env |= {"DATABASE_URL": database_url, "ARBITER_TEST_ONCE": "1"}
        workers = str(max(2, min(4, os.cpu_count() or 2)))
        beside = ("--dist", "loadfile", "-n")
        count = _pytest("-m", "not serial and not alone", *beside, workers, env=env, scratch=scratch)
        count += _pytest("-m", "serial and not browser", *beside, "2", env=env, scratch=scratch)
        # The browser's driver keeps an event loop in its thread, in which nothing else may use a database.
        count += _pytest("-m", "serial and browser", env=env, scratch=scratch)
        count += _pytest("-m", "alone", env=env, scratch=scratch)
    if count == Count():
        raise Failed("pytest found no tests")
    return count


def _pytest(*arguments: str, env: dict[str, str], scratch: Path) -> Count:
    report = scratch / "report.xml"
    report.unlink(missing_ok=True)
    var = tempfile.mkdtemp(prefix="suite-", dir=scratch)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    code = call(command, env=env | {"ARBITER_TEST_VAR": var})
    if code == NO_TESTS_COLLECTED:
        return Count()
    count = read_count(report)
    return count if code == 0 or count.failed else count + Count(failed=1)


@contextmanager
def _redis() -> Iterator[str]:
    """The URL of a Redis server for one run of the suite; "" where there is none, and its tests skip themselves."""
    with ExitStack() as stack:
        url = os.environ.get("TEST_REDIS_URL", "")
        if not url and redis.available():
            url = stack.enter_context(redis.private_server())
        yield url


def attempt(step: Step, scratch: Path, *, clock: Callable[[], float]) -> Outcome:
    """Run one step and say what it came to."""
    started = clock()
    try:
        count = step.run(scratch)
    except Skip as reason:
        return Outcome(step.name, "skipped", clock() - started, str(reason))
    except (Failed, postgres.CannotStart, redis.CannotStart) as reason:
        return Outcome(step.name, "failed", clock() - started, str(reason))
    note = str(count) if count != Count() else ""
    return Outcome(step.name, "failed" if count.failed else "passed", clock() - started, note, count)
