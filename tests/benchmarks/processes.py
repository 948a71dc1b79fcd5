"""CPU and memory of a whole process tree, read from /proc (Linux)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int, *, without: str = "manage.py") -> float:
    """User and system time of `pid` and its descendants, those whose command line holds `without` left out."""
    return sum(_cpu(each) for each in tree(pid) if without not in command(each))


def tree(pid: int) -> Iterator[int]:
    """`pid` and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += children.get(current, [])


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def memory_mb(pid: int) -> float:
    """Proportional set size of one process: shared pages count by share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK if fields else 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, … user ticks [11], system ticks [12]."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@contextmanager
def apart(*servers: int) -> Iterator[None]:
    """Put servers, with all they started, on one core and this process, with what it starts, on the others."""
    mine = os.sched_getaffinity(0)
    if len(mine) < 2:
        yield
        return
    first = min(mine)
    for pid in {each for server in servers for each in tree(server)}:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {first})
    os.sched_setaffinity(0, mine - {first})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)
