"""The admin site as this house runs it: see `config.console`."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "config.console.Console"
