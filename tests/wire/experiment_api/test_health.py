"""`GET /health` is answered by the process alone."""

from tests.wire.experiment_api import api


def test_health_is_healthy_without_a_database() -> None:
    assert api.get("/health").content == b'{"status":"healthy"}'  # pytest-django forbids the database here
