"""The keeper beside the server: started again when it ends, stopped with it, and never the reason to stop serving."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.serial

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os, sys
from pathlib import Path
from config.serving import supervising

def python(code):
    return [sys.executable, "-c", code]

sys.exit(supervising.run(
    server=python({server!r}), companions={{"The keeper": python({keeper!r})}}, cwd=Path.cwd(), env=os.environ,
    answers=lambda: True, when_ready=lambda: print("ready", flush=True),
    before_renewal=lambda: print("renewal", flush=True),
))
"""
LASTS = "import time; time.sleep(120)"


def _supervise(tmp_path: Path, *, server: str, keeper: str) -> "tuple[subprocess.Popen[bytes], Path]":
    log = tmp_path / "log"
    with log.open("wb") as output:
        script = SCRIPT.format(server=server, keeper=keeper)
        process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=output, stderr=output)
    return process, log


def _wait_for(sentence: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while sentence not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_a_keeper_that_ends_is_started_again_a_little_later_each_time(tmp_path: Path) -> None:
    process, log = _supervise(tmp_path, server=LASTS, keeper="raise SystemExit(3)")

    _wait_for("The keeper ended (exit code 3); it starts again in 1 s.", log)
    _wait_for("The keeper ended (exit code 3); it starts again in 2 s.", log)
    _wait_for("The keeper ended (exit code 3); it starts again in 4 s.", log)

    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_server_that_ends_takes_the_keeper_along(tmp_path: Path) -> None:
    mark = tmp_path / "kept"
    keeper = f"import signal, sys, time, pathlib; mark = pathlib.Path({str(mark)!r})\n"
    keeper += "signal.signal(signal.SIGTERM, lambda *_: (mark.write_text('goodbye'), sys.exit(0)))\n"
    keeper += "mark.write_text('here'); time.sleep(120)"
    server = (
        f"import pathlib, time\nwhile not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.05)\nraise SystemExit(5)"
    )

    process, log = _supervise(tmp_path, server=server, keeper=keeper)

    assert process.wait(30) == 1
    assert "The server ended unexpectedly (exit code 5)." in log.read_text()
    assert mark.read_text() == "goodbye"


def test_a_second_signal_does_not_wait_for_the_stubborn(tmp_path: Path) -> None:
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {LASTS}"
    process, log = _supervise(tmp_path, server=stubborn, keeper=LASTS)
    _wait_for("deaf", log)
    _wait_for("ready", log)

    process.send_signal(signal.SIGINT)
    _wait_for("Stopping.", log)
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0
