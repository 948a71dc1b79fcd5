"""The access log says what was asked, in one line each."""

import logging
from typing import Any

import pytest
from django.test import RequestFactory

from config.lane import Lane


def test_a_path_cannot_write_lines_of_its_own(caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    settings.ACCESS_LOG_SHARE = 1.0
    environ = RequestFactory().get("/").environ | {"PATH_INFO": "/x\n2026-12-01 INFO arbiter.access forged\x1b[2J\xff"}
    lane = Lane(lambda environ, start: (start("404 Not Found", []), [b""])[1], {})

    with caplog.at_level(logging.INFO, "arbiter.access"):
        lane(environ, lambda *answer: None)

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(r"GET /x\n2026-12-01 INFO arbiter.access forged\x1b[2J\xff 404")
    assert line.isprintable()
