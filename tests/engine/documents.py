"""Datafiles of the contract data, read once."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from decisions.engine import Engine, compile_project, load

DATA = Path(__file__).parent.parent / "contracts" / "data"


def read(name: str) -> Any:
    return json.loads((DATA / name).read_text())


def read_lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


@cache
def engine(name: str) -> Engine:
    return compile_project(load(read(name)))
