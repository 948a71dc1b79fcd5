"""The page of a flag: variables with their defaults, the experiments it delivers, and the values per variation."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.forms import TextInput
from django.http import HttpRequest

from config.wire.console.fields import tidy
from config.wire.console.inlines import NestedInline
from config.wire.console.ownership import StaysInItsProject
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from features.admin import flag_forms as forms
from features.models import Flag, FlagList, FlagRule, Variable, VariableValue

COMPACT: Any = {
    **tidy(rows=1, cols=46),
    models.CharField: {"widget": TextInput(attrs={"size": 28})},
}


class VariableInline(admin.TabularInline):
    model = Variable
    form = forms.VariableForm
    fields = ("key", "type", "default_value")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name_plural = "Variables: what the application reads, with the value when nothing else says"


class RuleInline(admin.TabularInline):
    model = FlagRule
    formset = forms.RuleFormSet
    fields = ("experiment", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "experiment"
    verbose_name_plural = "Experiments it delivers, tried in this order"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("flag", "experiment")


class ValueInline(NestedInline):
    model = VariableValue
    form = forms.ValueForm
    formset = forms.ValueFormSet
    fields = ("variable", "variation", "value")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "value"
    verbose_name_plural = "Values per variation (save new variables and experiments first)"


class FlagListInline(admin.TabularInline):
    model = FlagList
    formset = forms.FlagListFormSet
    fields = ("mode", "segment", "enabled", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "list"
    verbose_name_plural = "Lists: people who are let in or kept out by name"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("segment")


@admin.register(Flag)
class FlagAdmin(StaysInItsProject, SavesOnlyWhatChanged, Publishes):
    form = forms.FlagForm
    formfield_overrides = tidy()
    list_display = ("key", "name", "project", "kind", "is_running", "variable_count", "experiment_count")
    list_filter = ("kind", "is_running", "is_archived", "project")
    list_select_related = ("project",)
    search_fields = ("key", "name", "uid")
    readonly_fields = ("uid", "datafile_id", "created_at")
    fieldsets = (
        (None, {"fields": ("project", "key", "name", "description")}),
        ("What it is", {"fields": ("kind", "is_running", "traffic", "filter_mode")}),
        ("When (for toggles and roll-outs)", {"fields": (("starts_on", "ends_on"),)}),
        (
            "Facts",
            {
                "fields": ("tags", "is_archived", ("uid", "datafile_id"), "created_at"),
                "classes": ("collapse",),
            },
        ),
    )

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return (VariableInline,) if obj is None else (VariableInline, RuleInline, ValueInline, FlagListInline)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("project")
        return rows.annotate(variable_total=Count("variables", distinct=True), rule_total=Count("rules", distinct=True))

    @admin.display(description="Variables")
    def variable_count(self, flag: Any) -> int:
        return int(flag.variable_total)

    @admin.display(description="Experiments")
    def experiment_count(self, flag: Any) -> int:
        return int(flag.rule_total)
