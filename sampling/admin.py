"""The Experiment API's paperwork: who qualifies (edited), and who was sampled (looked at)."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from config.wire.console.paging import Long
from config.wire.console.readonly import NeverEdited
from sampling.models import Condition, Criterion, Sample


class ConditionInline(admin.TabularInline):
    model = Condition
    fields = ("model", "property", "condition", "value")
    extra = 0


@admin.register(Criterion)
class CriterionAdmin(admin.ModelAdmin):
    list_display = ("experiment", "sampling_model", "sampling_attribute", "created_at")
    list_filter = ("experiment__project",)
    list_select_related = ("experiment",)
    search_fields = ("sampling_model", "sampling_attribute", "experiment__name")
    autocomplete_fields = ("experiment",)
    fields = ("experiment", "sampling_model", "sampling_attribute", "uid")
    readonly_fields = ("uid",)
    inlines = (ConditionInline,)


@admin.register(Sample)
class SampleAdmin(NeverEdited, Long):
    list_display = ("entity", "value", "bucket", "experiment", "complete", "outcome", "created_at")
    list_filter = ("complete", "experiment")
    list_select_related = ("experiment",)
    search_fields = ("value__exact", "entity__exact", "uid__exact")
    search_help_text = "The whole value or entity that was sampled."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("experiment", "assignment__variation")
