"""The ASGI callable of the streams process, and of nothing else (`config.serving.streaming` starts it).

Workers reach it by the sockets of `events.notices.places`.
"""

import os
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
# Handlers import models, so they can only be imported once Django's apps are set up.
application = import_module("config.streams").application()
