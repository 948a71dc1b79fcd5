"""What this server counts, under the names an Agent's dashboards know (agent contract §1.7). It counts nothing anew."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

# Path → the route's name in the Agent's metrics.
ROUTES: Mapping[str, str] = {
    "/v1/config": "get_config",
    "/v1/datafile": "get_datafile",
    "/v1/activate": "activate",
    "/v1/decide": "decide",
    "/v1/override": "override",
    "/v1/lookup": "lookup",
    "/v1/save": "save",
    "/v1/reset": "reset",
    "/v1/track": "track_event",
    "/v1/send-odp-event": "send_odp_event",
    "/oauth/token": "create_api_access_token",
}
DISPATCHER: Mapping[str, str] = {
    "arbiter_told_batches": "counter_dispatcher_success_flush",
    "arbiter_failed_batches": "counter_dispatcher_fail_flush",
    "arbiter_retried_batches": "counter_dispatcher_retry_flush",
    "arbiter_untold_events": "gauge_dispatcher_queue_size",
}


class AgentTimers:
    """A collector over another: `families` are what that one collected."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._samples = [sample for family in families for sample in family.samples]

    def collect(self) -> Iterator[Metric]:
        for path, name in ROUTES.items():
            yield _plain(f"timer_{name}_hits", "Answered requests.", self._sum("arbiter_requests_total", path))
            milliseconds = self._sum("arbiter_request_seconds_all_total", path) * 1000
            yield _plain(f"timer_{name}_response_time", "Milliseconds they took together.", milliseconds)
            yield self._histogram(f"timer_{name}_response_time_hist", path)
        for own, name in DISPATCHER.items():
            yield _plain(name, "Events told upstream.", self._sum(own))

    def _sum(self, name: str, path: str | None = None) -> float:
        found = [each for each in self._samples if each.name == name and path in (None, each.labels.get("route"))]
        return sum(each.value for each in found)

    def _histogram(self, name: str, path: str) -> Metric:
        parts = [
            (_in_milliseconds(each.labels["le"]), each.value)
            for each in self._samples
            if each.name == "arbiter_request_seconds_bucket" and each.labels.get("route") == path
        ]
        total = self._sum("arbiter_request_seconds_sum", path) * 1000
        text = "Milliseconds a request took; a share of the requests is observed."
        return HistogramMetricFamily(name, text, buckets=parts or [("+Inf", 0)], sum_value=total)


def _plain(name: str, text: str, value: float) -> Metric:
    metric = Metric(name, text, "unknown")
    metric.add_sample(name, {}, value)
    return metric


def _in_milliseconds(bound: str) -> str:
    return bound if bound == "+Inf" else f"{float(bound) * 1000:g}"
