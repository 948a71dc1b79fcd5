"""What this server counts about itself, in Prometheus' terms. Served at `/metrics`.

Counting a request must cost nothing that shows: threads tally in a dictionary of their own, a daemon thread hands the
tallies over every second, and of the durations one in `SAMPLE` is observed. With several worker processes set
`PROMETHEUS_MULTIPROC_DIR` (`make serve` does), so that any of them answers for all.
"""

import os
import threading
import time
import weakref
from collections import deque
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from config.agent_timers import AgentTimers
from decisions import snapshots
from decisions.upstream import forwarding
from events import writer

SAMPLE = 32
FLUSH_SECONDS = 1.0
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Counts = dict[tuple[str, int], int]
Durations = dict[str, float]


class Tally:
    """What one thread counted; it goes with its thread."""

    __slots__ = ("__weakref__", "counts", "seconds")

    def __init__(self) -> None:
        self.counts: Counts = {}
        self.seconds: Durations = {}


_requests = Counter("arbiter_requests", "Answered requests.", ("route", "status"))
_seconds = Histogram(
    "arbiter_request_seconds",
    f"Time a request took inside this server; one request in {SAMPLE} is observed.",
    ("route",),
    buckets=BUCKETS,
)
_seconds_all = Counter("arbiter_request_seconds_all", "Seconds that all requests took together.", ("route",))
_gauges = {
    "projects": Gauge("arbiter_projects", "Projects this server decides for.", multiprocess_mode="livemax"),
    "database_away": Gauge("arbiter_database_away", "1 while the database is away.", multiprocess_mode="livemax"),
    "spooled_bytes": Gauge("arbiter_spooled_bytes", "Events that wait on disk.", multiprocess_mode="livesum"),
    "dropped_exposures": Gauge("arbiter_dropped_exposures", "Exposures without a place.", multiprocess_mode="livesum"),
    "untold": Gauge("arbiter_untold_events", "Events that wait to be told upstream.", multiprocess_mode="livesum"),
    "told": Gauge("arbiter_told_batches", "Batches that arrived upstream.", multiprocess_mode="livesum"),
    "failed": Gauge("arbiter_failed_batches", "Batches that did not arrive upstream.", multiprocess_mode="livesum"),
    "retried": Gauge("arbiter_retried_batches", "Batches that were tried again.", multiprocess_mode="livesum"),
}
_local = threading.local()
_tallies: dict[int, tuple[Counts, Durations]] = {}
_ended: deque[int] = deque()
_of_the_ended: tuple[Counts, Durations] = ({}, {})
_handed_over: Counts = {}
_handed_over_seconds: Durations = {}
_lock = threading.Lock()
_thread_pid = 0


def observe(route: str, status: int, duration: float) -> None:
    """Count one answer of a route. `duration` in seconds."""
    try:
        tally: Tally = _local.tally
    except AttributeError:
        tally = _local.tally = _new_tally()
    counts, durations = tally.counts, tally.seconds
    durations[route] = durations.get(route, 0.0) + duration
    key = (route, status)
    count = counts[key] = counts.get(key, 0) + 1
    if count % SAMPLE == 1:
        _seconds.labels(route).observe(duration)


def _new_tally() -> Tally:
    """This thread's own. A server may end idle threads and start others: what an ended one counted is added up."""
    tally = Tally()
    number = id(tally.counts)
    _tallies[number] = (tally.counts, tally.seconds)
    weakref.finalize(tally, _ended.append, number)
    return tally


def hand_over() -> None:
    """Add what the threads tallied since the last call to the counters."""
    with _lock:
        while _ended:
            _add(_tallies.pop(_ended.popleft()), _of_the_ended)
        totals, seconds = dict(_of_the_ended[0]), dict(_of_the_ended[1])
        for tally in list(_tallies.values()):
            _add(tally, (totals, seconds))
        for route, duration in seconds.items():
            _seconds_all.labels(route).inc(max(0.0, duration - _handed_over_seconds.get(route, 0.0)))
        _handed_over_seconds.update(seconds)
        for key, count in totals.items():
            fresh = count - _handed_over.get(key, 0)
            _handed_over[key] = count
            if fresh:
                _requests.labels(key[0], str(key[1])).inc(fresh)


def _add(tally: tuple[Counts, Durations], to: tuple[Counts, Durations]) -> None:
    (counts, seconds), (all_counts, all_seconds) = tally, to
    for key, count in list(counts.items()):
        all_counts[key] = all_counts.get(key, 0) + count
    for route, duration in list(seconds.items()):
        all_seconds[route] = all_seconds.get(route, 0.0) + duration


def ensure_handing_over() -> None:
    """Start this process's hand-over thread, once, and never before a fork."""
    global _thread_pid
    if _thread_pid != os.getpid():
        _thread_pid = os.getpid()
        threading.Thread(target=_keep_handing_over, name="metrics", daemon=True).start()


def _keep_handing_over() -> None:
    while True:
        time.sleep(FLUSH_SECONDS)
        hand_over()
        gauge()


def gauge() -> None:
    """Read how this process fares."""
    seen, log = snapshots.condition(), writer.status()
    _gauges["projects"].set(seen.projects)
    _gauges["database_away"].set(seen.database_away_since is not None)
    _gauges["spooled_bytes"].set(log.spooled_bytes)
    _gauges["dropped_exposures"].set(log.dropped)
    for name, value in zip(("untold", "told", "failed", "retried"), forwarding.counts(), strict=True):
        _gauges[name].set(value)


def rendered() -> bytes:
    """The text exposition of all worker processes, or of this one when no multi-process directory is set."""
    hand_over()
    gauge()
    registry: CollectorRegistry = REGISTRY
    if directory := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        _forget_the_dead(Path(directory))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    as_the_agent = CollectorRegistry()
    as_the_agent.register(AgentTimers(registry.collect()))
    return generate_latest(registry) + generate_latest(as_the_agent)


def _forget_the_dead(directory: Path) -> None:
    """What workers that are gone said of how they fare must not be read as how we fare; what they counted stays."""
    for path in directory.glob("gauge_live*.db"):
        if not _lives(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # another user's is not ours: the number was given anew
        return False
    return True
