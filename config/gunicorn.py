"""How gunicorn serves Arbiter: `gunicorn -c config/gunicorn.py config.wsgi:application`.

The application is loaded once, then its memory is frozen and the workers fork, so that they go on sharing it.
"""

import gc
import os
from typing import Any

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WORKERS", "1"))
worker_class = "config.serving.patient.Worker"
threads = int(os.environ.get("THREADS", "16"))
worker_connections = 1024
keepalive = 75
graceful_timeout = 10
preload_app = True
loglevel = "warning"
accesslog = None
control_socket_disable = True
# A client behind a proxy that passes such headers on would choose where its path begins.
forwarder_headers = ""


def when_ready(server: Any) -> None:
    """Before the first fork: no worker inherits a connection, and garbage collection leaves shared pages alone."""
    from django.db import connections

    connections.close_all()
    gc.collect()
    gc.freeze()
