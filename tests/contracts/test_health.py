"""`/health` says the same whatever happens; `?detail` and `/metrics` say how this process fares."""

import pytest
from django.test import Client

from tests import builders


def test_health_touches_no_database(client: Client) -> None:
    answer = client.get("/health")

    assert (answer.status_code, answer.content) == (200, b'{"status":"healthy"}')


@pytest.mark.django_db
def test_health_in_detail_tells_how_fresh_and_how_safe_this_process_is(client: Client) -> None:
    builders.running(project=builders.project())
    client.post("/v1/decide", b"{}", content_type="application/json", headers={"X-Optimizely-SDK-Key": "unknown"})

    told = client.get("/health?detail").json()

    assert told == {
        "status": "healthy",
        "projects": 1,
        "database_away_since": None,
        "events_are_spooled": False,
        "spooled_bytes": 0,
        "dropped_exposures": 0,
    }


@pytest.mark.django_db
def test_metrics_are_in_prometheus_terms(client: Client) -> None:
    page = client.get("/metrics").content.decode()

    assert "\narbiter_database_away 0.0\n" in page
    assert "# TYPE arbiter_requests_total counter" in page
