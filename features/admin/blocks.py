"""Test Lab's twenty user-blocks: who holds which. Only Test Lab's own rules change them."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest

from config.wire.console.readonly import NeverEdited
from features.models import Flag, UserBlock


@admin.register(UserBlock)
class UserBlockAdmin(NeverEdited):
    list_display = ("name", "held_by")
    fields = ("name", "feature_id")

    def get_queryset(self, request: HttpRequest) -> Any:
        holder = Flag.objects.filter(pk=OuterRef("feature_id")).values("key")[:1]
        return super().get_queryset(request).annotate(holder=Subquery(holder))

    @admin.display(description="Held by the experiment")
    def held_by(self, block: Any) -> str:
        return str(block.holder or "")
