"""An Agent's configuration file (`OPTIMIZELY_CONFIG_FILENAME`), read as the environment variables it stands for.

A variable that is set wins, as it does with the Agent (agent contract §5): what is in the file under `client` and
`pollingInterval` is `OPTIMIZELY_CLIENT_POLLINGINTERVAL`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PREFIX = "OPTIMIZELY"
# What one variable holds whole, as JSON.
WHOLE = frozenset(
    {
        "OPTIMIZELY_API_AUTH_CLIENTS",
        "OPTIMIZELY_ADMIN_AUTH_CLIENTS",
        "OPTIMIZELY_CLIENT_CMAB_CACHE",
        "OPTIMIZELY_CLIENT_ODP_SEGMENTSCACHE",
        "OPTIMIZELY_CLIENT_USERPROFILESERVICE",
        "OPTIMIZELY_WEBHOOK_PROJECTS",
    }
)


class Unreadable(Exception):
    """`str(reason)` is a sentence about the file."""


def variables_in(path: Path) -> dict[str, str]:
    """The variables a file stands for; of what it leaves empty there are none. Raises Unreadable."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise Unreadable(f"{path} cannot be read: {fault}") from fault
    if not isinstance(found, dict | None):
        raise Unreadable(f"{path} holds no settings.")
    return dict(_variables(found or {}, PREFIX))


def _variables(node: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        name = f"{prefix}_{key}".upper()
        if name in WHOLE:
            yield name, json.dumps(value)
        elif isinstance(value, dict):
            yield from _variables(value, name)
        elif value is not None:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
