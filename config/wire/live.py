"""Settings that every request reads, as plain attributes: Django's own object costs a Python call per look.

A setting that a test changes is read anew.
"""

from typing import Any

from django.conf import settings
from django.core.signals import setting_changed


class Live:
    """`live.NAME` is `settings.NAME`, looked up once."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(settings, name)
        self.__dict__[name] = value
        return value


live = Live()


def _forget(*, setting: str, **_: Any) -> None:
    live.__dict__.pop(setting, None)


setting_changed.connect(_forget)
