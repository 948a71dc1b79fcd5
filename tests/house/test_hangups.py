"""Which connection an answer went out on that nobody waits for (granian): told by what the kernel counts."""

from collections.abc import Iterator
from typing import Any

import pytest

from config import hangups
from config.hangups import Waiting


class Line:
    """A connection: what was sent and received on it, look after look."""

    def __init__(self, name: str, traffic: Iterator[tuple[int, int]]) -> None:
        self.name = name
        self.traffic = traffic
        self.shut_at: int | None = None


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hang up on as many threads as asked, with these lines open; `make` gets the length of the whole answer."""

    def watch(make: Any, *, threads: int) -> list[Line]:
        lines: list[Line] = []
        looks = 0

        def answered(thread: int, body: bytes) -> bool:
            if not lines:
                lines.extend(make(hangups.HEAD + len(str(len(body))) + len(body)))
            return True

        def connections(port: int) -> Iterator[Any]:
            nonlocal looks
            looks += bool(lines)
            for line in lines:
                sent, received = next(line.traffic)
                yield line, line.name, sent, received

        monkeypatch.setattr(hangups, "PAUSE", 0)
        monkeypatch.setattr(hangups, "_answered_for", answered)
        monkeypatch.setattr(hangups, "_connections", connections)
        monkeypatch.setattr(hangups, "_shut", lambda line: setattr(line, "shut_at", looks))
        waits = {thread: Waiting({"SERVER_PORT": "8000"}, 0.0) for thread in range(threads)}
        hangups.hang_up(waits)
        assert all(wait.is_hung_up for wait in waits.values())
        return lines

    return watch


def test_who_waits_is_told_from_who_is_served(watched: Any) -> None:
    drips, served, other = watched(
        lambda whole: [
            Line("drips", iter([(whole, 1)] * 40)),
            Line("is served, and passes that length", iter([(whole * look, 400 * look) for look in range(1, 40)])),
            Line("got another answer", iter([(whole + 1, 0)] * 40)),
        ],
        threads=2,
    )

    assert (drips.shut_at, served.shut_at, other.shut_at) == (1, None, None)


def test_who_sends_much_is_known_by_waiting(watched: Any) -> None:
    streams, served = watched(
        lambda whole: [
            Line("streams", iter([(whole, 5000 * look) for look in range(1, 40)])),
            Line("is served", iter([(300 * look, 100 * look) for look in range(1, 40)])),
        ],
        threads=1,
    )

    assert (streams.shut_at, served.shut_at) == (hangups.STILL, None)


def test_answers_are_of_many_lengths(watched: Any) -> None:
    lengths: set[int] = set()

    def lines(whole: int) -> list[Line]:
        lengths.add(whole)
        return [Line("drips", iter([(whole, 0)] * 40))]

    for _ in range(20):
        watched(lines, threads=1)

    assert len(lengths) > 10
