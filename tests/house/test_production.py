"""Production mode: what it refuses to start with, and that Django finds nothing to warn about in what it accepts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import environment

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "ARBITER_PRODUCTION": "1",
    "SECRET_KEY": "k3-" + "Zq8vX1mT7rB5" * 5,
    "ALLOWED_HOSTS": "experiments.example.org",
}


def _manage(*arguments: str, var: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    env = environment.clean(var=var, **settings)
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


def test_a_safe_production_passes_the_deployment_check(tmp_path: Path) -> None:
    done = _manage("check", "--deploy", "--fail-level", "WARNING", var=tmp_path, **SAFE)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("unsafe", "fault"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "too-short"}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "development-only-secret-never-use-it-in-production"}, "SECRET_KEY must be set"),
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the hosts"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the hosts"),
        ({"ALLOWED_HOSTS": "experiments.example.org,*"}, "ALLOWED_HOSTS must name the hosts"),
    ],
)
def test_production_refuses_what_is_unsafe(unsafe: dict[str, str], fault: str, tmp_path: Path) -> None:
    done = _manage("check", var=tmp_path, **SAFE | unsafe)

    assert done.returncode != 0
    assert f"Refusing to start in production: {fault}" in done.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_refuses_what_is_missing(missing: str, tmp_path: Path) -> None:
    settings = {name: value for name, value in SAFE.items() if name != missing}

    done = _manage("check", var=tmp_path, **settings)

    assert done.returncode != 0
    assert missing in done.stderr


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    done = _manage("check", var=tmp_path, ARBITER_PRODUCTION="1", DEBUG="1")

    assert all(name in done.stderr for name in ("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS"))


def test_the_wsgi_callable_refuses_too(tmp_path: Path) -> None:
    env = environment.clean(var=tmp_path, ARBITER_PRODUCTION="1")

    done = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"], cwd=ROOT, env=env, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "Refusing to start in production" in done.stderr


@pytest.mark.parametrize("url", ["mysql://a:b@localhost/c", "nonsense"])
def test_other_databases_are_refused(url: str, tmp_path: Path) -> None:
    done = _manage("check", var=tmp_path, DATABASE_URL=url)

    assert "DATABASE_URL must begin with sqlite:/// or postgres://" in done.stderr
