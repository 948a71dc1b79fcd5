"""Waiting for something that another thread or process will do."""

import time
from collections.abc import Callable


def until(holds: Callable[[], object], *, seconds: float = 30) -> None:
    """Return as soon as `holds()` is true; AssertionError if it never is."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
