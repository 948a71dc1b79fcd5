"""Durations as the Agent's configuration writes them: "1m30s", "500ms", "0"."""

import re

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


def seconds_in(text: str) -> float:
    """The seconds of a duration. Raises ValueError."""
    if text.startswith("-"):
        return -seconds_in(text[1:])
    parts = _PART.findall(text)
    if text != "0" and (not parts or "".join(map("".join, parts)) != text):
        raise ValueError(f'"{text}" is no duration such as "30s" or "1m30s"')
    return float(sum(float(number) * UNITS[unit] for number, unit in parts))
