"""Load on a server of this machine: wrk where it is installed, threads of our own else (and then it says so)."""

import http.client
import json
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 32

SCRIPT = """
local bodies = {}
for line in io.lines("%(bodies)s") do bodies[#bodies + 1] = line end
local at, count = 0, 0
local fresh = function() count = count + 1; return "%(run)s-" .. count end
request = function()
  at = at %% #bodies + 1
  return wrk.format("%(method)s", "%(path)s", {%(headers)s}, (bodies[at]:gsub("@@", fresh)))
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load came to; times in milliseconds. `failed` are answers of 400 and above, and broken connections."""

    requests: int
    seconds: float
    failed: int
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    return (
        "wrk" if shutil.which("wrk") else "threads in Python (wrk is not installed; it takes more CPU than the server)"
    )


def post(
    url: str, bodies: Sequence[bytes], *, headers: dict[str, str], seconds: float = 3, connections: int = CONNECTIONS
) -> Loaded:
    """Post the bodies in turn over so many kept-alive connections for a while; each `@@` becomes a new text."""
    return _load("POST", url, bodies, {"Content-Type": "application/json", **headers}, seconds, connections)


def get(
    url: str, *, headers: dict[str, str] | None = None, seconds: float = 3, connections: int = CONNECTIONS
) -> Loaded:
    """Ask for one address in the same way."""
    return _load("GET", url, [b""], headers or {}, seconds, connections)


def _load(
    method: str, url: str, bodies: Sequence[bytes], headers: dict[str, str], seconds: float, connections: int
) -> Loaded:
    generate = _wrk if shutil.which("wrk") else _threads
    return generate(method, url, bodies, headers, seconds, connections)


def _wrk(
    method: str, url: str, bodies: Sequence[bytes], headers: dict[str, str], seconds: float, connections: int
) -> Loaded:
    split = urlsplit(url)
    path = f"{split.path}?{split.query}" if split.query else split.path
    with tempfile.TemporaryDirectory() as directory:
        lines = Path(directory) / "bodies"
        lines.write_bytes(b"\n".join(bodies) + b"\n")
        script = Path(directory) / "load.lua"
        listed = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        filled = {"bodies": lines, "method": method, "path": path, "headers": listed, "run": secrets.token_hex(4)}
        script.write_text(SCRIPT % filled)
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(script), url],
            check=True,
            capture_output=True,
            text=True,
        )
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    assert found, done.stdout + done.stderr
    requests, micros, failed, p50, p99 = map(int, found.groups())
    return Loaded(requests, micros / 1e6, failed, p50 / 1000, p99 / 1000)


def _threads(
    method: str, url: str, bodies: Sequence[bytes], headers: dict[str, str], seconds: float, connections: int
) -> Loaded:
    split = urlsplit(url)
    path = f"{split.path}?{split.query}" if split.query else split.path
    took: list[float] = []
    failed: list[int] = []
    until = time.monotonic() + seconds

    def run(offset: int) -> None:
        connection = http.client.HTTPConnection(split.hostname or "127.0.0.1", split.port, timeout=10)
        at = offset
        while time.monotonic() < until:
            started = time.perf_counter()
            body = re.sub(rb"@@", lambda _: secrets.token_hex(8).encode(), bodies[at % len(bodies)])
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - started)
            if answer.status >= 400:
                failed.append(answer.status)
            at += connections

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(took)
    half, last = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return Loaded(len(took), time.monotonic() - started, len(failed), half * 1000, last * 1000)
