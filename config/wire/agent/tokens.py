"""The bearer token of a request (agent contract §1.5)."""

from config.wire.message import Answer, Request


def refuse(request: Request) -> Answer | None:
    """None when the request may pass; tokens are off unless a signing secret or a key set is configured."""
    return None
