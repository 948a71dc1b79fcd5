"""Rows that are looked at and never edited: history and logs."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest


class NeverEdited(ModelAdmin):
    """Nobody adds, changes or deletes these by hand; whoever may view them, may view them all."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
