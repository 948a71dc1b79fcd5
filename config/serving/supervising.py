"""Child processes and the signals between them and the terminal: the server, and its companions beside it.

The server's end is our end. A companion (the keeper, the streams process) is started again, each time a little later.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

from config.serving.announcing import say

SECONDS_TO_ANSWER = 60
SECONDS_TO_STOP = 15
LONGEST_PAUSE = 60.0
TICK = 0.1
PR_SET_PDEATHSIG = 1
STDIN = 0


class Signals:
    """How often we were asked to stop: once means gracefully, twice means now; and whether to renew the workers.

    SIGHUP is how a terminal says goodbye. Where there is none it asks for new workers, as of any server.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._is_renewal_due = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not os.isatty(STDIN):
            self._is_renewal_due = True
        else:
            self.seen += 1

    def renewal(self) -> bool:
        """Whether somebody asked for new workers since the last look."""
        is_due, self._is_renewal_due = self._is_renewal_due, False
        return is_due


class Child:
    """A process in a session of its own, so that Ctrl-C reaches only us and nothing it started outlives it."""

    def __init__(self, command: list[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, preexec_fn=_end_with_parent)
        self.started_at = time.monotonic()

    def ended(self) -> bool:
        return self.process.poll() is not None

    def how(self) -> str:
        code = self.process.wait()
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def ask_to_stop(self) -> None:
        if not self.ended():
            self.process.terminate()

    def ask_to_renew(self) -> None:
        if not self.ended():
            self.process.send_signal(signal.SIGHUP)

    def sweep(self) -> None:
        """Kill what is left of it and of what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Companion:
    """Keeps one process beside the server alive: `tend` it often. `name` is what people read."""

    def __init__(self, name: str, start: Callable[[], Child]) -> None:
        self._name = name
        self._start = start
        self.child: Child | None = start()
        self._pause = 1.0
        self._due = 0.0

    def tend(self, *, now: float) -> None:
        if self.child and self.child.ended():
            if now - self.child.started_at > LONGEST_PAUSE:
                self._pause = 1.0
            say(f"{self._name} ended ({self.child.how()}); it starts again in {self._pause:.0f} s.")
            self.child.sweep()
            self.child, self._due = None, now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        elif not self.child and now >= self._due:
            self.child = self._start()


def run(
    *,
    server: list[str],
    companions: Mapping[str, list[str]],
    cwd: Path,
    env: Mapping[str, str],
    answers: Callable[[], bool],
    when_ready: Callable[[], None],
    before_renewal: Callable[[], None],
) -> int:
    """Run all until a signal or the server's end; 0 if we were asked to stop, 1 if not. `companions` have names."""
    signals = Signals()
    serving = Child(server, cwd=cwd, env=env)
    beside: list[Companion] = []
    try:
        if not _comes_up(serving, answers=answers, signals=signals):
            return 0 if signals.seen else 1
        for name, command in companions.items():
            beside.append(Companion(name, partial(Child, command, cwd=cwd, env=env)))
        when_ready()
        while not signals.seen:
            if signals.renewal():
                before_renewal()
                _renew(serving, beside)
            if serving.ended():
                print(f"The server ended unexpectedly ({serving.how()}).", file=sys.stderr)
                return 1
            for companion in beside:
                companion.tend(now=time.monotonic())
            time.sleep(TICK)
        say("Stopping.")
        return 0
    finally:
        _stop([serving, *(each.child for each in beside if each.child)], signals=signals)


def _renew(serving: Child, companions: Iterable[Companion]) -> None:
    """New workers before the old ones go; new companions after the old ones."""
    say("New workers take over.")
    serving.ask_to_renew()
    for companion in companions:
        if companion.child:
            companion.child.ask_to_stop()


def _comes_up(serving: Child, *, answers: Callable[[], bool], signals: Signals) -> bool:
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while not signals.seen and time.monotonic() < deadline:
        if serving.ended():
            print(f"The server did not start ({serving.how()}).", file=sys.stderr)
            return False
        if answers():
            return True
        time.sleep(TICK)
    if not signals.seen:
        print(f"The server did not answer within {SECONDS_TO_ANSWER} s.", file=sys.stderr)
    return False


def _stop(children: list[Child], *, signals: Signals) -> None:
    asked = signals.seen
    deadline = time.monotonic() + SECONDS_TO_STOP
    for child in children:
        child.ask_to_stop()
    while time.monotonic() < deadline and signals.seen == asked and not all(child.ended() for child in children):
        time.sleep(TICK)
    for child in children:
        child.sweep()


def _end_with_parent() -> None:
    """On Linux, have the kernel end a child whose parent was killed before it could say goodbye."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
