"""`GET /metrics` says what an Agent's dashboards ask for, under the names they know (agent contract §1.7)."""

import io
import json
import time
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from prometheus_client.parser import text_string_to_metric_families

from config.lane import Lane
from config.routes.hot import HOT
from decisions.upstream import forwarding
from tests.wire.agent.calling import Agent, mirrored
from tests.wire.agent.hosting import Said, hosting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connections_stay_open")]


def ask(method: str, path: str, body: object = None) -> None:
    """Through the whole application, the lane in front: it is what counts."""
    text = b"" if body is None else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_X_OPTIMIZELY_SDK_KEY": "RICHKEY1",
        "CONTENT_LENGTH": str(len(text)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(text),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    list(Lane(WSGIHandler(), HOT)(environ, lambda status, headers, exc=None: None))


def counted() -> dict[str, float]:
    text = Agent().get("/metrics").text
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


def test_every_route_has_its_timer(db: None) -> None:
    mirrored("datafile_rich.json", "RICHKEY1")
    before = counted()

    for _ in range(3):
        ask("POST", "/v1/decide", {"userId": "ada"})
    ask("GET", "/v1/config")
    ask("POST", "/v1/lookup", {"userId": "ada"})

    after = counted()
    grown = {name: value - before[name] for name, value in after.items() if name in before and value != before[name]}
    assert grown["timer_decide_hits"] == 3
    assert grown["timer_get_config_hits"] == grown["timer_lookup_hits"] == 1
    assert grown["timer_decide_response_time"] > 0
    assert "timer_activate_hits" not in grown
    assert {"timer_decide_response_time_hist_count", "timer_decide_response_time_hist_sum"} <= set(after)


def test_dispatcher_counts_what_it_told(rich: Agent, settings: Any) -> None:
    forwarding.outbox.cache_clear()
    with hosting(lambda asked: Said(204)) as host:
        settings.AGENT_EVENT_URL = f"{host.url}/v1/events"
        settings.AGENT_EVENT_FLUSH_SECONDS = 0.0
        before = counted()["counter_dispatcher_success_flush"]

        rich.post("/v1/track?eventKey=signup", {"userId": "ada"})
        deadline = time.monotonic() + 10
        while counted()["counter_dispatcher_success_flush"] == before and time.monotonic() < deadline:
            time.sleep(0.01)

        now = counted()
        assert now["counter_dispatcher_success_flush"] - before == 1
        assert now["gauge_dispatcher_queue_size"] == now["counter_dispatcher_fail_flush"] == 0
    forwarding.outbox.cache_clear()
