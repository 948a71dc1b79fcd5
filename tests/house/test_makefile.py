"""`make` on a machine that lacks something: the missing thing is named, with the package that brings it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAIN_TOOLS = ["sh", "make", "cmp", "cp", "touch", "awk"]


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A clone and a PATH with make and a shell, but without any Python."""
    clone, programs = tmp_path / "clone", tmp_path / "bin"
    clone.mkdir()
    programs.mkdir()
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, clone)
    for tool in PLAIN_TOOLS:
        (programs / tool).symlink_to(str(shutil.which(tool)))
    return clone


def _python(machine: Path, script: str) -> None:
    python = machine.parent / "bin" / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)


def _make(machine: Path, target: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": str(machine.parent / "bin"), "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(["make", target], cwd=machine, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("target", ["serve", "test"])
def test_a_missing_python_is_named(target: str, bare_machine: Path) -> None:
    done = _make(bare_machine, target)

    assert done.returncode != 0
    assert "Arbiter needs Python 3.11 or newer" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_does_not_count(bare_machine: Path) -> None:
    _python(bare_machine, "exit 1")

    assert "Arbiter needs Python 3.11 or newer" in _make(bare_machine, "serve").stderr


def test_a_python_without_venv_is_named(bare_machine: Path) -> None:
    _python(bare_machine, 'case "$*" in *ensurepip*) exit 1;; esac')

    done = _make(bare_machine, "serve")

    assert done.returncode != 0
    assert "lacks the modules venv and ensurepip" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def test_help_needs_nothing(bare_machine: Path) -> None:
    done = _make(bare_machine, "help")

    assert done.returncode == 0
    assert {line.split()[1] for line in done.stdout.splitlines()} >= {"serve", "test", "lint", "fmt", "lock", "bench"}
