"""Shapes that many threads meet at once; what goes wrong there takes the whole process along."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOOR = ROOT / "experiments" / "shapes.py"
MEETING = """
import sys, threading
from typing import Any
import msgspec
from experiments import shapes

class Leaf(msgspec.Struct):
    a: str | None = None
    b: dict[str, Any] | None = None
    c: list[str | None] | None = None

class Branch(msgspec.Struct):
    leaves: list[Leaf | None] | None = None

class Tree(msgspec.Struct):
    branches: list[Branch | None] | None = None

read = {
    "convert": lambda: shapes.convert({"branches": [{"leaves": [{"a": "x"}]}]}, Tree),
    "decode": lambda: shapes.decoder(Tree).decode(b'{"branches": [{"leaves": [{"a": "x"}]}]}'),
}[sys.argv[1]]
seen = []
gate = threading.Barrier(16)

def meet():
    gate.wait()
    seen.extend(read().branches[0].leaves[0].a for _ in range(20))

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=meet) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen), set(seen))
"""


@pytest.mark.parametrize("how", ["convert", "decode"])
def test_threads_that_meet_a_shape_at_once_all_read_it(how: str) -> None:
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", MEETING, how], cwd=ROOT, capture_output=True, text=True, timeout=60
        )

        assert (done.returncode, done.stdout) == (0, "320 {'x'}\n"), done.stderr


def test_nobody_goes_to_msgspec_past_this_door() -> None:
    ways = ("msgspec.convert(", "msgspec.json.decode(", "json.Decoder(", "msgspec.yaml", "msgspec.toml")
    rooms = ("config", "decisions", "events", "experiments", "features", "sampling", "users")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py") if path != DOOR]

    assert [str(path) for path in files if any(way in path.read_text() for way in ways)] == []
