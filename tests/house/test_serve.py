"""`python -m config.serve` as a person meets it: started, tried, stopped, started again, and in trouble."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness import databases
from tests.harness.server import running_server, starting_server

pytestmark = pytest.mark.serial

PASSWORD = re.compile(r"shown once: +(\S+) +(\S+)")


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    with databases.scratch_database(tmp_path) as url:
        yield url


def _eventually(claim: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _processes_with(text: str) -> list[int]:
    """The ids of the processes whose environment contains `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (entry / "environ").read_bytes() and (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _server_process(pid: int) -> int:
    return next(child for child in _children(pid) if b"config.wsgi" in Path(f"/proc/{child}/cmdline").read_bytes())


def _log_in(url: str, username: str, password: str) -> httpx.Response:
    with httpx.Client(base_url=url) as browser:
        form = browser.get("/admin/login/?next=/admin/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token
        data = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
        return browser.post("/admin/login/?next=/admin/", data=data, headers={"Referer": url})


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_it_starts_stops_and_starts_again(server_name: str, database_url: str, tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running_server(var, DATABASE_URL=database_url, SERVER=server_name) as server:
        first = server.printed()
        [(username, password)] = PASSWORD.findall(first)
        assert _log_in(server.url, username, password).headers["location"] == "/admin/"
        assert httpx.get(f"{server.url}/static/admin/css/base.css").status_code == 200
        assert server.stop(signal.SIGTERM) == 0
    assert f"{server.url}/admin/" in first
    assert _processes_with(f"ARBITER_VAR={var}") == []

    with running_server(var, DATABASE_URL=database_url, SERVER=server_name) as again:
        second = again.printed()
        assert _log_in(again.url, username, password).headers["location"] == "/admin/"
        assert again.stop(signal.SIGINT) == 0
    assert not PASSWORD.search(second)
    assert "up to date" not in second
    assert "was empty" not in second
    assert _processes_with(f"ARBITER_VAR={var}") == []


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_client_cannot_choose_where_its_path_begins(server_name: str, database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url, SERVER=server_name) as server:
        answer = httpx.get(f"{server.url}/elsewhere/swagger", headers={"SCRIPT_NAME": "/elsewhere"})

    assert answer.status_code == 404


@pytest.mark.postgresql
def test_two_machines_may_start_on_one_empty_database(database_url: str, tmp_path: Path) -> None:
    with (
        starting_server(tmp_path / "left" / "var", DATABASE_URL=database_url, WORKERS="1") as left,
        starting_server(tmp_path / "right" / "var", DATABASE_URL=database_url, WORKERS="1") as right,
    ):
        for server in (left, right):
            server.wait_until_ready()
        said = left.printed() + right.printed()

    assert len(PASSWORD.findall(said)) == 1
    assert said.count("a small demo is in it now") == 1


def test_what_it_says_to_try_works(database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url) as server:
        commands = re.findall(r"^  (curl .+)$", server.printed(), flags=re.MULTILINE)
        assert len(commands) >= 4, "one for each dialect"
        for command in commands:
            strictly = command.replace("curl -s", "curl -s --fail-with-body")
            done = subprocess.run(["sh", "-c", strictly], capture_output=True, text=True, timeout=30)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
        for page in ("/admin/", "/swagger"):
            assert httpx.get(f"{server.url}{page}", follow_redirects=True).status_code == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_sqlite_is_served_by_one_process(server_name: str, database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url, SERVER=server_name, WORKERS="3") as server:
        assert len(_children(_server_process(server.process.pid))) == 1
        assert "WORKERS=3 is for PostgreSQL" in server.printed()


@pytest.mark.postgresql
@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
@pytest.mark.parametrize(("asked", "workers"), [("", 2), ("3", 3)])
def test_postgresql_is_served_by_several(
    server_name: str, asked: str, workers: int, database_url: str, tmp_path: Path
) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url, SERVER=server_name, WORKERS=asked) as server:
        assert len(_children(_server_process(server.process.pid))) == workers


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_idle_connections_neither_block_others_nor_the_end(server_name: str, database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url, SERVER=server_name) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        for connection in idle:
            connection.sendall(b"GET /admin/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for connection in idle:
            connection.settimeout(30)
            assert connection.recv(12) == b"HTTP/1.1 200"

        assert httpx.get(f"{server.url}/admin/login/", timeout=10).status_code == 200
        assert server.stop() == 0

        for connection in idle:
            connection.close()


@pytest.mark.parametrize("server_name", ["granian", "gunicorn"])
def test_a_killed_worker_is_replaced(server_name: str, database_url: str, tmp_path: Path) -> None:
    with running_server(tmp_path / "var", DATABASE_URL=database_url, SERVER=server_name) as server:
        for worker in _children(_server_process(server.process.pid)):
            os.kill(worker, signal.SIGKILL)

        def answers() -> bool:
            try:
                return httpx.get(f"{server.url}/admin/login/", timeout=2).status_code == 200
            except httpx.HTTPError:
                return False

        _eventually(answers, seconds=30)
        assert server.stop() == 0


def test_a_killed_server_is_told_and_ends_the_command(database_url: str, tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running_server(var, DATABASE_URL=database_url) as server:
        os.kill(_server_process(server.process.pid), signal.SIGKILL)

        assert server.process.wait(30) == 1
        assert "The server ended unexpectedly (killed by SIGKILL)." in server.printed()
    assert _processes_with(f"ARBITER_VAR={var}") == []


def test_nothing_outlives_a_killed_command(database_url: str, tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running_server(var, DATABASE_URL=database_url) as server:
        server.process.kill()
        server.process.wait()

        _eventually(lambda: _processes_with(f"ARBITER_VAR={var}") == [])


def test_a_taken_port_is_named(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with starting_server(tmp_path / "var", PORT=str(port), DATABASE_URL=database_url) as server:
            assert server.process.wait(30) == 1

    assert f"Port {port} is taken" in server.printed()
    assert "Traceback" not in server.printed()


def test_two_servers_do_not_share_a_directory(database_url: str, tmp_path: Path) -> None:
    with (
        running_server(tmp_path / "var", DATABASE_URL=database_url) as first,
        starting_server(tmp_path / "var", DATABASE_URL=database_url) as second,
    ):
        assert second.process.wait(30) == 1
        assert "Another Arbiter already serves" in second.printed()
        assert first.process.poll() is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "http"}, "PORT=http must be a whole number"),
        ({"SERVER": "apache"}, "SERVER=apache is not known. Choose one of: granian, gunicorn."),
        ({"WORKERS": "0"}, "WORKERS=0 must be a whole number"),
        ({"DATABASE_URL": "postgres://nobody:x@127.0.0.1:1/nothing"}, "The database cannot be used:"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"}, "The database cannot be used:"),
        ({"DATABASE_URL": "nonsense"}, "The settings are wrong."),
        ({"ARBITER_PRODUCTION": "1"}, "The settings are wrong. Refusing to start in production"),
    ],
)
def test_a_wrong_setting_is_a_sentence(settings: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with starting_server(tmp_path / "var", **{"DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3", **settings}) as server:
        assert server.process.wait(30) == 1

    assert sentence in server.printed()
    assert "Traceback" not in server.printed()


def test_a_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    """An application that fails while it is loaded, as after a half-done upgrade."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\nif 'config.wsgi:application' in sys.argv: raise SystemExit('the application is broken')\n"
    )
    with starting_server(
        tmp_path / "var", DATABASE_URL=f"sqlite:///{tmp_path}/x.sqlite3", SERVER="gunicorn", PYTHONPATH=str(broken)
    ) as server:
        assert server.process.wait(60) == 1

    assert "The server did not start" in server.printed()


def test_subprocesses_can_be_listed() -> None:
    """The tests above that look for orphans would pass on nothing if this did not work."""
    with subprocess.Popen(["sleep", "30"], env={"ARBITER_MARK": "here"}) as sleeper:
        try:
            _eventually(lambda: _processes_with("ARBITER_MARK=here") == [sleeper.pid])
        finally:
            sleeper.kill()
