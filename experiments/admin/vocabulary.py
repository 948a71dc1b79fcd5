"""Attributes and exclusion groups: small things that experiments refer to."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from config.wire.console.ownership import StaysInItsProject
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from experiments.models import Attribute, ExclusionGroup


@admin.register(Attribute)
class AttributeAdmin(StaysInItsProject, SavesOnlyWhatChanged, Publishes):
    list_display = ("key", "project", "datafile_id")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("key",)
    fields = ("project", "key", "datafile_id")
    readonly_fields = ("datafile_id",)


@admin.register(ExclusionGroup)
class ExclusionGroupAdmin(StaysInItsProject, SavesOnlyWhatChanged, Publishes):
    list_display = ("name", "project", "members")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("name",)
    fields = ("project", "name", "members", "datafile_id")
    readonly_fields = ("members", "datafile_id")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("experiments")

    @admin.display(description="Experiments, of which one person is in at most one")
    def members(self, group: ExclusionGroup) -> str:
        return ", ".join(row.name for row in group.experiments.all()) if group.pk else ""
