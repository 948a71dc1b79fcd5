"""The worlds of the fault suite, on whichever database the suite runs."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.world import World, copy_of, prepare
from tests.harness import databases


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("prepared")
    with databases.scratch_database(directory) as url:
        prepare(World(url, directory))
        yield url


@pytest.fixture
def world(prepared: str, tmp_path: Path) -> Iterator[World]:
    with copy_of(prepared, tmp_path, name=f"arbiter_{secrets.token_hex(6)}") as copy:
        yield copy
