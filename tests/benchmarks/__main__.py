"""`make bench`: measure, and print ratios and CPU beside the bars they must hold. `ARGS="engine decide"` picks some.

Nothing here is a test: figures depend on the machine, ratios are of one interleaved run. Exits 1 when a bar is missed.
"""

import sys
from importlib import import_module

from tests.benchmarks.report import Row, show

PARTS = ("engine", "decide", "events", "propagation", "testlab", "upgrade", "experiment_api")


def main(names: list[str]) -> int:
    unknown = set(names) - set(PARTS)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}. Choose from: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or PARTS:
        print(f"Measuring {name} …", file=sys.stderr, flush=True)
        rows += import_module(f"tests.benchmarks.{name}").rows()
    show(rows)
    return 1 if any(row.passed is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
