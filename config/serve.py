"""`make serve`: prepare the database, start the server and what runs beside it, say what to try, stop them gracefully.

    PORT=8000 DATABASE_URL=... SERVER=granian|gunicorn WORKERS=2 python -m config.serve

What each step does is in `config/serving/`; here is only their order.
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

from config import renewal
from config.serving import announcing, preparing, servers, supervising


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        streams = settings.AGENT_STREAMS if settings.AGENT_NOTIFICATIONS else 0
        options = servers.read_options(os.environ, vendor=connections["default"].vendor, streams=streams)
        servers.require_free(port=options.port)
        with preparing.sole_user_of(settings.VAR_DIR):
            metrics = preparing.make_directories()
            _prepare_if_possible()
            return _serve(options, metrics=metrics)
    except (servers.CannotServe, preparing.InUse) as reason:
        return _refuse(str(reason))
    except ImproperlyConfigured as reason:
        return _refuse(f"The settings are wrong. {reason}")
    except OperationalError as reason:
        return _refuse(f"The database cannot be used: {str(reason).strip()}")
    except KeyboardInterrupt:
        return 130


def _prepare_if_possible() -> None:
    """With the database away decisions can go on from the last good copies, if this machine has any."""
    try:
        with preparing.turn():
            _prepare()
    except OperationalError as reason:
        if not preparing.has_last_good_copies(settings.VAR_DIR):
            raise
        announcing.say(f"The database is away; deciding from the last good copies. {str(reason).strip()}")


def _prepare() -> None:
    if preparing.migrate():
        announcing.say("The database is up to date.")
    if preparing.seed_if_empty():
        announcing.say("The database was empty: a small demo is in it now.")
    announcing.admin(preparing.make_admin_if_none())
    connections.close_all()


def _serve(options: servers.Options, *, metrics: Path) -> int:
    if options.remark:
        announcing.say(options.remark)
    return supervising.run(
        server=servers.command(options),
        companions=_companions(options),
        cwd=settings.BASE_DIR,
        env=servers.FRUGAL | os.environ | servers.environment(options, metrics=metrics),
        answers=lambda: servers.answers(port=options.port),
        when_ready=lambda: announcing.things_to_try(options.url),
        before_renewal=lambda: renewal.announce(settings.VAR_DIR),
    )


def _companions(options: servers.Options) -> dict[str, list[str]]:
    """What runs beside the server: the keeper, and the streams process where notifications are switched on."""
    commands = {"The keeper": [sys.executable, str(settings.BASE_DIR / "manage.py"), "keep"]}
    if options.streams:
        commands["The streams process"] = [sys.executable, "-m", "config.serving.streaming"]
    return commands


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
