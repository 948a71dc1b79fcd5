"""The WSGI callable that granian and gunicorn serve: the lane in front of Django."""

import gc
import os
import sys
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from config import renewal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
sys.setswitchinterval(0.0005)

_django = get_wsgi_application()
renewal.begin()
# Handlers import models, so the lane can only be imported once Django's apps are set up.
application = import_module("config.lane").Lane(_django, import_module("config.routes.hot").HOT)
# What was loaded stays: the collector need not walk through it, a tenth of a second each time, while requests wait.
gc.collect()
gc.freeze()
