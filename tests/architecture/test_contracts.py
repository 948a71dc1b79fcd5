"""The import contracts of `pyproject.toml`: none leaves a package out, and each one can fail."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["name"]: contract for contract in LINTER["contracts"]}
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
APPS = {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}

# For each contract: a module, and what it must not say.
TRESPASSES = {
    "One staircase": ("features/lantern.py", "import sampling.apps"),
    "Two storeys: the routes are on top": ("events/api/lantern.py", "import config.urls"),
    "Two storeys: only the routes open an adapter": ("users/lantern.py", "import users.api.lantern"),
    "Two storeys: the grammar is for adapters": ("users/lantern.py", "import config.wire"),
    "No adapter borrows from another": ("events/api/lantern.py", "import users.api.lantern"),
    "The engine and the statistics are plain Python": ("decisions/engine/lantern.py", "import django.utils.timezone"),
    "Downstairs does not know HTTP": ("sampling/lantern.py", "from rest_framework import serializers"),
    "No rings inside a room": ("experiments/lantern/__init__.py", "import experiments.apps"),
}


def _broken_in(tree: Path) -> tuple[set[str], str]:
    """The names of the contracts that the linter finds broken in `tree`, and its report."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
        cwd=tree,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    report = done.stdout + done.stderr
    assert "Contracts:" in report, report
    return set(re.findall(r"^(.+?) BROKEN", report, flags=re.MULTILINE)), report


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("users/api/lantern.py", "events/api/lantern.py", "decisions/engine/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_every_package_stands_under_the_contracts() -> None:
    assert set(LINTER["root_packages"]) == PACKAGES
    assert set(CONTRACTS["One staircase"]["layers"]) == APPS == PACKAGES - {"config"}
    assert set(CONTRACTS["Downstairs does not know HTTP"]["source_modules"]) == APPS
    assert set(CONTRACTS["No rings inside a room"]["ancestors"]) == APPS


def test_the_plain_rooms_may_import_no_other_package() -> None:
    forbidden = CONTRACTS["The engine and the statistics are plain Python"]["forbidden_modules"]

    assert {name.removesuffix(".*") for name in forbidden} >= PACKAGES


def test_every_contract_has_a_trespass() -> None:
    assert set(TRESPASSES) == set(CONTRACTS)


def test_the_house_keeps_its_contracts(copy_of_the_house: Path) -> None:
    broken, report = _broken_in(copy_of_the_house)

    assert not broken, report


@pytest.mark.parametrize("contract", TRESPASSES)
def test_a_trespass_breaks_its_contract(contract: str, copy_of_the_house: Path) -> None:
    name, statement = TRESPASSES[contract]
    module = copy_of_the_house / name
    module.parent.mkdir(exist_ok=True)
    module.write_text(f"{statement}\n")
    if contract == "No rings inside a room":
        with (copy_of_the_house / "experiments/apps.py").open("a") as apps:
            apps.write("\nimport experiments.lantern\n")

    broken, report = _broken_in(copy_of_the_house)

    assert contract in broken, report
