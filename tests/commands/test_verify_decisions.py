"""`manage.py verify_decisions`: our engine and the installed SDK, person by person."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.wire.agent.calling import DATA

PUBLIC = sorted((DATA / "public_datafiles").glob("*.json"))
# A bandit's arm is not in the datafile, so nobody can decide it alone.
DECIDABLE = [file for file in PUBLIC if '"cmab"' not in file.read_text()]


@pytest.fixture
def users(tmp_path: Path) -> Path:
    file = tmp_path / "users.csv"
    rows = [f"user-{number},{'hola' if number % 2 else ''},{number}" for number in range(200)]
    file.write_text("\n".join(["user_id,attr_1,age", *rows]))
    return file


@pytest.mark.parametrize("datafile", DECIDABLE, ids=lambda file: file.stem)
def test_public_datafiles_are_decided_alike(datafile: Path, users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_decisions", "--datafile", str(datafile), "--users", str(users))

    assert "200 people" in capsys.readouterr().out


def test_difference_is_shown_and_fails_the_command(
    tmp_path: Path, users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The SDK skips a paused experiment that the Agent, and we with it, go on running."""
    document: Any = json.loads((DATA / "datafile_holdouts.json").read_text())
    for experiment in document["experiments"]:
        experiment["status"] = "Paused"
    paused = tmp_path / "paused.json"
    paused.write_text(json.dumps(document))

    with pytest.raises(CommandError, match="do not agree"):
        call_command("verify_decisions", "--datafile", str(paused), "--users", str(users))

    assert "optimizely-sdk" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "text"), [("users", "id\n1\n"), ("datafile", "{"), ("datafile", '{"version":"3"}')])
def test_bad_input_is_named(tmp_path: Path, users: Path, name: str, text: str) -> None:
    files = {"users": users, "datafile": DATA / "datafile_holdouts.json"} | {name: tmp_path / "bad"}
    (tmp_path / "bad").write_text(text)

    with pytest.raises(CommandError):
        call_command("verify_decisions", "--datafile", str(files["datafile"]), "--users", str(files["users"]))
