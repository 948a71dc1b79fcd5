"""What the Agent's tests share: projects that mirror the contract's datafiles, and a client for each."""

import pytest

from tests.wire.agent.calling import Agent, mirrored


@pytest.fixture
def rich(db: None) -> Agent:
    mirrored("datafile_rich.json", "RICHKEY1")
    return Agent("RICHKEY1")


@pytest.fixture
def holdouts(db: None) -> Agent:
    mirrored("datafile_holdouts.json", "HOLDKEY1")
    return Agent("HOLDKEY1")


@pytest.fixture
def legacy(db: None) -> Agent:
    mirrored("datafile_legacy.json", "LEGACYKEY1")
    return Agent("LEGACYKEY1")
