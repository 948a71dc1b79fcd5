"""A bare JSON echo, the floor of a server: `python -m granian --interface wsgi tests.benchmarks.echo:application`."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = orjson.dumps(orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
    headers = [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
