"""The plan of the house: what stands at the top level, what each room owes its visitors, which names are none."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = ["experiments", "features", "users", "events", "decisions", "sampling"]
TOP_LEVEL = {
    *ROOMS, "config", "templates", "tests",
    "manage.py", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "Makefile", "README.md", "LICENSE",
}  # fmt: skip
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "lib"}


def _files() -> list[Path]:
    """The files of the project, relative to its root: those git keeps, with those about to be added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (ROOT / (path := Path(name))).exists()]


def test_the_top_level_is_the_fixed_list() -> None:
    found = {path.parts[0] for path in _files() if not path.parts[0].startswith(".")}

    assert found <= TOP_LEVEL, f"new at the top level: {sorted(found - TOP_LEVEL)}"
    assert found >= TOP_LEVEL - {"templates"}, f"gone from the top level: {sorted(TOP_LEVEL - found)}"


def test_no_module_is_called_utils_helpers_or_common() -> None:
    found = [path for path in _files() if path.suffix == ".py" and NO_NAMES & {*path.parts[:-1], path.stem}]

    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_readme_of_about_half_a_page(room: str) -> None:
    text = (ROOT / room / "README.md").read_text()

    assert 300 <= len(text) <= 6000


@pytest.mark.parametrize("room", ROOMS)
def test_every_migration_has_a_name(room: str) -> None:
    generic = [path.name for path in (ROOT / room / "migrations").glob("*_auto_*.py")]

    assert generic == []


@pytest.mark.parametrize("cellar", ["decisions/engine", "events/stats"])
def test_the_strictly_typed_rooms_silence_no_checker(cellar: str) -> None:
    silenced = [path for path in (ROOT / cellar).rglob("*.py") if "type: ignore" in path.read_text()]

    assert silenced == []
