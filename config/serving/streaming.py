"""The streams process as a program: `python -m config.serving.streaming`, beside any WSGI server.

`make serve` starts it too. One event loop on a socket of this machine; what it answers is in `config.streams`.
"""

import os
import sys

import django

from events.notices import places


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    path = places.streams()
    path.unlink(missing_ok=True)  # what a process that was killed left
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--uds", str(path)),
        *("--workers", "1", "--no-ws", "--http", "1", "--workers-kill-timeout", "1"),
        *("--no-access-log", "--log-level", "error", "config.asgi:application"),
    ]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
