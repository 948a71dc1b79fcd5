"""The environment that checks and started servers get: the machine's, without what would change Arbiter's settings."""

import os
from pathlib import Path

SETTINGS = {
    "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL", "PORT",
    "REDIS_URL", "SECRET_KEY", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD", "SECURE_HSTS_SECONDS",
    "SECURE_SSL_REDIRECT", "SERVER", "WORKERS",
}  # fmt: skip
PREFIXES = ("ARBITER_", "GRANIAN_", "GUNICORN_", "PROMETHEUS_", "PYTEST_")


def clean(*, var: Path, **overrides: str) -> dict[str, str]:
    """The environment of a fresh Arbiter whose data lives in `var`, with `overrides` on top."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS and not name.startswith(PREFIXES)}
    return kept | {"DJANGO_SETTINGS_MODULE": "config.settings", "ARBITER_VAR": str(var)} | overrides
