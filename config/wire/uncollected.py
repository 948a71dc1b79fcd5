"""Garbage collection waits while a request makes a hundred thousand objects and not one cycle among them.

Otherwise the collector, which goes by how many objects are new, walks through the whole process several times in vain.
"""

import gc
import threading
from functools import wraps

from config.wire.message import Answer, Handler, Request

_turn = threading.Lock()


def uncollected(handler: Handler) -> Handler:
    """The handler without garbage collection. One at a time: under many such requests it still gets its turns."""

    @wraps(handler)
    def answered(request: Request) -> Answer:
        if not gc.isenabled() or not _turn.acquire(blocking=False):
            return handler(request)
        gc.disable()
        try:
            return handler(request)
        finally:
            gc.enable()
            _turn.release()

    return answered
