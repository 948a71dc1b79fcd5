"""Counting is bounded and complete, however many threads come and go."""

import threading

from config import metrics


def _count_once() -> None:
    thread = threading.Thread(target=metrics.observe, args=("/v1/counted", 200, 0.25))
    thread.start()
    thread.join()


def _counted(page: bytes) -> set[str]:
    return {line for line in page.decode().splitlines() if 'route="/v1/counted"' in line and "_bucket" not in line}


def test_what_ended_threads_counted_is_kept_and_their_tallies_are_not() -> None:
    metrics.hand_over()
    before = len(metrics._tallies)
    for _ in range(20):
        _count_once()
    metrics.hand_over()

    for _ in range(20):
        _count_once()
    page = metrics.rendered()

    assert len(metrics._tallies) == before
    assert 'arbiter_requests_total{route="/v1/counted",status="200"} 40.0' in _counted(page)
    assert 'arbiter_request_seconds_all_total{route="/v1/counted"} 10.0' in _counted(page)
