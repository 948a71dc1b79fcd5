"""`make test`: run every check in order, then say plainly what ran, what was skipped and why.

    python -m tests.harness.run [STEP ...]

With ARBITER_TEST_STRICT=1 anything skipped is a failure.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.harness import outcomes, steps


def main(names: list[str]) -> int:
    chosen = steps.all_steps()
    known = [step.name for step in chosen]
    if unknown := [name for name in names if name not in known]:
        print(f"No such step: {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    done: list[outcomes.Outcome] = []
    try:
        with tempfile.TemporaryDirectory(prefix="arbiter-checks-", ignore_cleanup_errors=True) as scratch:
            for step in chosen:
                if not names or step.name in names:
                    print(f"\n=== {step.name}", flush=True)
                    done.append(steps.attempt(step, Path(scratch), clock=time.monotonic))
    except KeyboardInterrupt:
        print(f"\nInterrupted.\n{outcomes.table(done)}")
        return 130
    return _conclude(done, strict=os.environ.get("ARBITER_TEST_STRICT") == "1")


def _conclude(done: list[outcomes.Outcome], *, strict: bool) -> int:
    faults = outcomes.verdict(done, strict=strict)
    seconds = sum(outcome.seconds for outcome in done)
    print(f"\n=== summary\n{outcomes.table(done)}\n")
    for fault in faults:
        print(f"  {fault}")
    print(f"{'FAILED' if faults else 'OK'} in {seconds:.0f} s")
    total = sum((outcome.count for outcome in done), start=outcomes.Count())
    if total != outcomes.Count():
        print(total)
    return 1 if faults else 0


def _interrupted(signum: int, frame: FrameType | None) -> None:
    """End as on Ctrl-C, so that servers are stopped and directories removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
