"""`GET /health`: this process answers. It touches no database (Experiment API document, "Health Check")."""

from config.wire.message import Answer, Request

HEALTHY = Answer(200, b'{"status":"healthy"}', "application/json")


def health(request: Request) -> Answer:
    """Health Check"""
    return HEALTHY
