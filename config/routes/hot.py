"""The hot routes: exactly these are answered before Django. Adding one is a line."""

from config.wire.message import Handler

HOT: dict[tuple[str, str], Handler] = {}
