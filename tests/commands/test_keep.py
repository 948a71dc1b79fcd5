"""`manage.py keep`: the process itself."""

import io
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from experiments.models import Experiment
from tests import builders
from tests.builders import NOW
from tests.harness import databases, environment
from tests.harness.waiting import until

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


@pytest.mark.django_db
def test_once_does_every_job_and_ends() -> None:
    experiment = builders.running(project=builders.project(), ends_at=NOW - timedelta(days=1))

    call_command("keep", once=True)

    experiment.refresh_from_db()
    assert experiment.status == Experiment.Status.COMPLETED


def test_the_jobs_can_be_listed() -> None:
    out = io.StringIO()

    call_command("keep", list=True, stdout=out)

    assert "every 1 s  start and end experiments" in out.getvalue()


@pytest.mark.serial
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_keeper_that_is_told_to_stop_ends_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    with databases.scratch_database(tmp_path) as url:
        env = environment.clean(var=tmp_path, DATABASE_URL=url)
        subprocess.run([*MANAGE, "migrate", "-v0"], env=env, check=True)
        left = tmp_path / "spool" / "1-dead"
        left.mkdir(parents=True)
        (left / "owner.lock").touch()

        keeper = subprocess.Popen([*MANAGE, "keep"], env=env, stderr=subprocess.PIPE, text=True)
        until(lambda: not left.exists() or keeper.poll() is not None)
        keeper.send_signal(sign)
        _, said = keeper.communicate(timeout=20)

    assert keeper.returncode == 0, said
    assert "Traceback" not in said
