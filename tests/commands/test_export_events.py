"""`manage.py export_events`: what an analyst gets, in both formats, and what it says when it cannot."""

import csv
import io
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from events import exports, ingest
from tests import builders
from tests.builders import NOW
from tests.domain.events import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "log"


def _csv(target: Path, **options: Any) -> list[dict[str, str]]:
    call_command("export_events", output=str(target), verbosity=0, **options)
    with target.open(newline="") as written:
        return list(csv.DictReader(written))


def _jsonl(target: Path, **options: Any) -> list[dict[str, Any]]:
    call_command("export_events", output=str(target), format="jsonl", verbosity=0, **options)
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_both_records_come_in_one_stream_events_first_each_by_id(target: Path) -> None:
    ingest.store([rows.exposure(user_id="met"), rows.event(key="b"), rows.event(key="a")])
    ingest.store([rows.event(key="c")])

    written = _csv(target)

    assert [(row["record"], row["key"], row["user_id"]) for row in written] == [
        ("event", "b", "ada"),
        ("event", "a", "ada"),
        ("event", "c", "ada"),
        ("exposure", "", "met"),
    ]
    ids = [int(row["id"]) for row in written[:3]]
    assert ids == sorted(ids)


def test_a_row_of_csv_says_what_was_stored(target: Path) -> None:
    project = builders.project(key="shop")
    experiment = builders.experiment(project=project, key="button")
    arm = experiment.variations.get(key="treatment")
    ingest.store(
        [
            rows.event(
                project_id=project.pk,
                experiment_id=experiment.pk,
                variation_id=arm.pk,
                uuid="u-1",
                value=2.5,
                revenue=-4200,
                payload={"note": 'say "hi", Zoë\n'},
                occurred_at=datetime(2026, 10, 31, 23, 0, 0, 5, tzinfo=UTC),
            )
        ]
    )

    (row,) = _csv(target, what="events")

    payload = json.loads(row.pop("payload"))
    row.pop("id")
    assert payload == {"note": 'say "hi", Zoë\n'}
    assert row == {
        "record": "event",
        "received_at": "2026-11-01T12:00:00.000000Z",
        "occurred_at": "2026-10-31T23:00:00.000005Z",
        "project": "shop",
        "source": "agent",
        "user_id": "ada",
        "kind": "conversion",
        "key": "purchase",
        "value": "2.5",
        "revenue": "-4200",
        "experiment_id": str(experiment.pk),
        "experiment": "button",
        "variation_id": str(arm.pk),
        "variation": "treatment",
        "uuid": "u-1",
    }


def test_a_line_of_json_has_the_fields_of_its_record_and_the_payload_as_an_object(target: Path) -> None:
    ingest.store(
        [rows.exposure(flag_key="f", rule_key="r", rule_type="experiment", variation_key="v", payload={"a": [1]})]
    )

    (line,) = _jsonl(target)

    line.pop("id")
    assert line == {
        "record": "exposure",
        "received_at": "2026-11-01T12:00:00.000000Z",
        "occurred_at": "2026-11-01T12:00:00.000000Z",
        "project": None,
        "source": "agent",
        "user_id": "ada",
        "experiment_id": 7,
        "experiment": None,
        "variation_id": 70,
        "variation": None,
        "variation_key": "v",
        "flag_key": "f",
        "rule_key": "r",
        "rule_type": "experiment",
        "uuid": "",
        "payload": {"a": [1]},
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_looks_like_a_formula_gets_an_apostrophe_in_csv_only(target: Path, text: str) -> None:
    ingest.store([rows.event(user_id=text, key=text, value=-1.0, revenue=-2)])

    (row,) = _csv(target)
    (line,) = _jsonl(target)

    assert (row["user_id"], row["key"]) == (f"'{text}", f"'{text}")
    assert (row["value"], row["revenue"]) == ("-1", "-2")
    assert line["user_id"] == text


def test_harmless_texts_stay_as_they_are(target: Path) -> None:
    ingest.store([rows.event(user_id="a=1+1@b-c", key="'quoted'")])

    (row,) = _csv(target)

    assert (row["user_id"], row["key"]) == ("a=1+1@b-c", "'quoted'")


def test_since_is_included_and_until_is_not(target: Path) -> None:
    for days in range(4):
        ingest.store([rows.event(key=str(days), received_at=NOW + timedelta(days))])

    written = _csv(target, since="2026-11-02T12:00:00Z", until="2026-11-04T12:00:00")

    assert [row["key"] for row in written] == ["1", "2"]


def test_a_bare_date_means_its_midnight_utc(target: Path) -> None:
    for hour in (datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)):
        ingest.store([rows.event(key=hour.isoformat(), received_at=hour)])

    assert [row["key"] for row in _csv(target, since="2026-11-02")] == ["2026-11-02T00:00:00+00:00"]


def test_only_the_named_project_is_written(target: Path) -> None:
    shop, other = builders.project(key="shop"), builders.project(key="other")
    ingest.store([rows.event(project_id=shop.pk, key="here"), rows.event(project_id=other.pk, key="there")])

    assert [row["key"] for row in _csv(target, project="shop")] == ["here"]


def test_only_the_named_records_are_written_with_their_own_columns(target: Path) -> None:
    ingest.store([rows.exposure(), rows.event()])

    (row,) = _csv(target, what="exposures")

    assert row["record"] == "exposure"
    assert "revenue" not in row and "flag_key" in row


def test_nothing_becomes_a_header_in_csv_and_an_empty_file_in_json_lines(target: Path) -> None:
    assert _csv(target) == []
    assert target.read_text().startswith("record,id,received_at,")
    assert _jsonl(target) == []


def test_more_rows_than_one_window_are_all_there_once(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_PER_WINDOW", 7)
    monkeypatch.setattr(exports, "ROWS_PER_COPY", 7)
    ingest.store([rows.event(key=str(number)) for number in range(50)])

    expected = [str(number) for number in range(50)]
    assert [row["key"] for row in _csv(target)] == expected
    assert [line["key"] for line in _jsonl(target)] == expected


def test_output_goes_to_stdout_by_default(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ingest.store([rows.event(key="here")])

    call_command("export_events", format="jsonl")

    written = capfdbinary.readouterr()
    assert json.loads(written.out)["key"] == "here"
    assert written.err == b""


def test_a_terminal_sees_a_progress_bar_on_stderr(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    ingest.store([rows.event()])

    _csv(target)

    assert "1/1" in terminal.getvalue()


def test_a_failed_export_leaves_the_old_file_and_nothing_beside_it(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write_text("old")
    ingest.store([rows.event()])
    monkeypatch.setitem(exports.LOGS, "event", object)

    with pytest.raises(AttributeError):
        _csv(target)

    assert target.read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["log"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"project": "nowhere"}, 'There is no project "nowhere"'),
        ({"since": "yesterday"}, '--since: "yesterday" is no date'),
        ({"until": "2026-13-01"}, '--until: "2026-13-01" is no date'),
        ({"until": "9999-12-31T23:00-14:00"}, '--until: "9999-12-31T23:00-14:00" is no date'),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "--since must be before --until"),
        ({"output": "/nowhere/at/all.csv"}, "Cannot write /nowhere/at/all.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_said_plainly(options: dict[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("export_events", **options)


def test_runs_with_one_file_write_every_row_once(target: Path, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    runs = []
    for users in (["a", "b"], ["c"], []):
        ingest.store([rows.event(user_id=user) for user in users] + [rows.exposure(user_id=user) for user in users])
        runs.append([(row["record"], row["user_id"]) for row in _csv(target, resume=mark)])

    assert runs == [
        [("event", "a"), ("event", "b"), ("exposure", "a"), ("exposure", "b")],
        [("event", "c"), ("exposure", "c")],
        [],
    ]


def test_a_row_that_arrives_late_comes_with_the_next_run(target: Path, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    ingest.store([rows.event(user_id="a")])
    _csv(target, resume=mark)
    ingest.store([rows.event(user_id="late", received_at=NOW - timedelta(days=1))])

    assert [row["user_id"] for row in _csv(target, resume=mark)] == ["late"]


def test_a_run_that_fails_is_repeated_whole(target: Path, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    ingest.store([rows.event(user_id="a")])
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("export_events", output=str(tmp_path / "nowhere" / "log"), resume=mark)

    assert [row["user_id"] for row in _csv(target, resume=mark)] == ["a"]


def test_events_and_exposures_may_be_resumed_apart(target: Path, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    ingest.store([rows.event(user_id="a"), rows.exposure(user_id="a")])

    assert [len(_csv(target, resume=mark, what=what)) for what in ("events", "exposures", "all")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "--resume needs --output"),
        ({"output": "x", "since": "2026-11-01"}, "--resume needs --output"),
        ({"output": "x", "project": "home"}, "is of every project; name another file"),
    ],
)
def test_what_cannot_be_resumed_is_said_plainly(
    target: Path, tmp_path: Path, options: dict[str, str], message: str
) -> None:
    builders.project()
    mark = str(tmp_path / "mark")
    _csv(target, resume=mark)

    with pytest.raises(CommandError, match=message):
        call_command("export_events", resume=mark, **options)


def test_a_mark_that_cannot_be_kept_is_said_before_anything_is_written(target: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no directory"):
        _csv(target, resume=str(tmp_path / "nowhere" / "mark"))

    assert not target.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"project": null, "ids": {"event": "x"}}'])
def test_a_file_that_is_no_mark_is_refused(target: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "mark").write_text(text)

    with pytest.raises(CommandError, match="is no such file"):
        _csv(target, resume=str(tmp_path / "mark"))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_not_committed_yet_is_waited_for(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is the lower one: a run that went past it would never come back."""
    monkeypatch.setattr(exports, "LOCK_TIMEOUT", "100ms")
    mark, written, enough = str(tmp_path / "mark"), threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            ingest.store([rows.event(user_id="slow")])
            written.set()
            enough.wait(10)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    written.wait(10)
    ingest.store([rows.event(user_id="quick")])
    with pytest.raises(CommandError, match="somebody slow"):
        _csv(target, resume=mark)
    enough.set()
    writer.join()

    assert [row["user_id"] for row in _csv(target, resume=mark)] == ["slow", "quick"]
