"""What was given to whom. History: nobody edits it here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from config.wire.console.paging import Long
from config.wire.console.readonly import NeverEdited
from users.models import Assignment, Exclusion, PointMark, UserProfile

BY_ID = "The whole id of a person or group."


@admin.register(Assignment)
class AssignmentAdmin(NeverEdited, Long):
    list_display = ("unit_id", "unit_type", "experiment", "variation", "method", "assigned_at", "ended_at")
    list_filter = ("experiment", "method", "unit_type")
    list_select_related = ("experiment", "variation")
    search_fields = ("unit_id__exact", "uid__exact")
    search_help_text = BY_ID

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("experiment", "variation")


@admin.register(Exclusion)
class ExclusionAdmin(NeverEdited, Long):
    list_display = ("unit_id", "unit_type", "experiment", "code", "excluded_at")
    list_filter = ("experiment",)
    list_select_related = ("experiment",)
    search_fields = ("unit_id__exact",)
    search_help_text = BY_ID


@admin.register(PointMark)
class PointMarkAdmin(NeverEdited, Long):
    list_display = ("user", "site", "target", "condition", "status", "marked_at")
    list_select_related = ("user",)
    search_fields = ("user__external_id__exact",)
    search_help_text = BY_ID


@admin.register(UserProfile)
class UserProfileAdmin(NeverEdited, Long):
    list_display = ("external_id", "project", "updated_at")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("external_id__exact",)
    search_help_text = BY_ID
