"""The test run itself: what makes it fail, what it says, and that its private servers come and go."""

import textwrap
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.harness import databases, environment, postgres, steps
from tests.harness.outcomes import Count, Outcome, read_count, table, verdict

REPORT = """
    <testsuites><testsuite>
      <testcase name="a"/>
      <testcase name="b"><failure message="no"/></testcase>
      <testcase name="c"><error message="oh"/></testcase>
      <testcase name="d"><skipped type="pytest.skip" message="Node.js is not installed"/></testcase>
      <testcase name="e"><skipped type="pytest.xfail" message="known"/></testcase>
    </testsuite></testsuites>
"""


def test_a_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(textwrap.dedent(REPORT).strip())

    assert read_count(report) == Count(2, 2, 1, Counter(["Node.js is not installed"]))


def test_a_missing_report_is_a_failure(tmp_path: Path) -> None:
    assert read_count(tmp_path / "none.xml") == Count(failed=1)


def test_a_skip_is_told_and_fails_only_a_strict_run() -> None:
    skipped = Outcome("postgresql", "skipped", note="no PostgreSQL")
    partly = Outcome("sqlite", "passed", count=Count(5, 0, 1, Counter(["no Node"])))

    assert verdict([skipped, partly], strict=False) == []
    assert verdict([skipped, partly], strict=True) == [
        "postgresql was skipped: no PostgreSQL",
        "sqlite skipped 1 test: no Node",
    ]
    assert "no PostgreSQL" in table([skipped]) and "1 x no Node" in table([partly])


def test_a_failure_fails_every_run() -> None:
    assert verdict([Outcome("ruff", "failed")], strict=False) == ["ruff failed"]


def test_a_step_that_fails_or_cannot_run_is_an_outcome(tmp_path: Path) -> None:
    def fails(scratch: Path) -> Count:
        raise steps.Failed

    def cannot(scratch: Path) -> Count:
        raise steps.Skip("nothing here")

    ticks = iter([0.0, 1.0, 2.0, 5.0])

    def clock() -> float:
        return next(ticks)

    assert steps.attempt(steps.Step("one", fails), tmp_path, clock=clock) == Outcome("one", "failed", 1.0)
    assert steps.attempt(steps.Step("two", cannot), tmp_path, clock=clock) == Outcome(
        "two", "skipped", 3.0, "nothing here"
    )


def test_settings_of_the_caller_do_not_reach_a_test_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("ARBITER_PRODUCTION", "1")

    env = environment.clean(var=tmp_path, PORT="1")

    assert "SECRET_KEY" not in env and "ARBITER_PRODUCTION" not in env
    assert env["ARBITER_VAR"] == str(tmp_path) and env["PORT"] == "1"


@pytest.mark.postgresql
def test_a_private_server_is_reached_by_password_only_and_leaves_nothing() -> None:
    if not postgres.available():
        pytest.skip("no PostgreSQL server is installed")
    with postgres.private_server() as url:
        with psycopg.connect(f"{url}/postgres") as connection:
            directory = Path(connection.execute("SHOW data_directory").fetchall()[0][0])
            assert directory.exists()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"{url}/postgres", password="a guess")

    assert not directory.parent.exists()


def test_a_scratch_database_is_empty_and_goes_away(tmp_path: Path) -> None:
    with databases.scratch_database(tmp_path) as url:
        if databases.on_postgresql():
            with psycopg.connect(url) as connection:
                tables = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").fetchall()
                assert tables == []

    if databases.on_postgresql():
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)
