"""`manage.py export_samples`: every sample once, oldest first, as CSV or JSON lines."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sampling import exports
from sampling.models import Sample
from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db


def _export(path: Path, *args: str, **options: Any) -> str:
    call_command("export_samples", *args, output=str(path), stderr=StringIO(), **options)
    return path.read_text()


@pytest.fixture
def experiment() -> dict[str, Any]:
    made = api.halves(of=api.service(name="Shop"))
    for entity in ("ann", "=1+1", "cleo"):
        api.sample(made, entity, "control")
    sample = Sample.objects.get(entity="ann")
    api.post(f"{api.samples_of(made)}/{sample.uid}/complete", {"outcome": 2.5})
    return made


def test_csv_has_a_header_and_a_row_per_sample(experiment: dict[str, Any], tmp_path: Path) -> None:
    rows = list(csv.DictReader(StringIO(_export(tmp_path / "samples.csv"))))

    assert [row["sampled_entity"] for row in rows] == ["ann", "'=1+1", "cleo"]
    assert (rows[0]["service"], rows[0]["experiment_id"]) == ("Shop", experiment["id"])
    assert (rows[0]["complete"], rows[0]["outcome"], rows[1]["outcome"]) == ("true", "2.5", "")


def test_json_lines_say_the_same_as_the_api(experiment: dict[str, Any], tmp_path: Path) -> None:
    lines = _export(tmp_path / "samples.jsonl", format="jsonl").splitlines()

    exported = [json.loads(line) for line in lines]
    served = api.read(api.get(api.samples_of(experiment)))[::-1]
    assert [{key: row[key] for key in served[0]} for row in exported] == served


def test_windows_meet_without_gap_or_overlap(
    experiment: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _export(tmp_path / "whole.csv")
    Sample.objects.update(created_at=Sample.objects.earliest("id").created_at)
    monkeypatch.setattr(exports, "ROWS_PER_WINDOW", 2)

    pieces = _export(tmp_path / "pieces.csv")

    assert [line.split(",")[0] for line in pieces.splitlines()] == [line.split(",")[0] for line in whole.splitlines()]


@pytest.mark.parametrize(("option", "rows"), [("since", 0), ("until", 3)])
def test_a_time_bounds_the_samples(experiment: dict[str, Any], tmp_path: Path, option: str, rows: int) -> None:
    text = _export(tmp_path / "samples.csv", f"--{option}=2999-01-01")

    assert len(text.splitlines()) == rows + 1


@pytest.mark.parametrize("text", ["yesterday", "9999-12-31T23:00-14:00"])
def test_what_is_no_time_is_said_plainly(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match="is no date"):
        _export(tmp_path / "samples.csv", f"--until={text}")


def test_experiments_and_projects_are_chosen_by_name(experiment: dict[str, Any], tmp_path: Path) -> None:
    other = api.experiment(name="Other")
    api.sample(other, "dan", "any")

    assert len(_export(tmp_path / "a.csv", other["id"]).splitlines()) == 2
    assert len(_export(tmp_path / "b.csv", project="Shop").splitlines()) == 4
    assert len(_export(tmp_path / "c.csv").splitlines()) == 5


def test_an_experiment_that_is_named_twice_is_written_once(experiment: dict[str, Any], tmp_path: Path) -> None:
    text = _export(tmp_path / "samples.csv", experiment["id"], project="Shop")

    assert len(text.splitlines()) == 4


def test_an_unknown_experiment_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody"):
        _export(tmp_path / "samples.csv", "nobody")


def test_a_directory_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Cannot write"):
        _export(tmp_path / "nowhere" / "samples.csv")
