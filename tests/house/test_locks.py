"""The lock files: every package pinned and hashed, no address in them, and the two agree."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?P<condition>[^\\]*)\\$", flags=re.MULTILINE)


def _pins(lock: str) -> dict[tuple[str, str], str]:
    """Versions by name and condition."""
    return {(pin[1], pin["condition"].strip()): pin[2] for pin in PIN.finditer((ROOT / lock).read_text())}


def _named(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_or_its_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    strange = [line for line in lines if not re.match(r"#|[a-z0-9-]+==|    --hash=sha256:[0-9a-f]{64}( \\)?$", line)]

    assert strange == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime, dev = ({name for name, _ in _pins(lock)} for lock in LOCKS)

    assert _named(project["project"]["dependencies"]) <= runtime
    assert _named(project["dependency-groups"]["dev"]) <= dev


def test_development_runs_on_the_versions_that_are_served() -> None:
    runtime, dev = (_pins(lock) for lock in LOCKS)

    assert runtime.items() <= dev.items()
