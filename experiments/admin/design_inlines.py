"""The design of an experiment on its page: units, ending, lists, and the factors of a factorial one."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import TextInput
from django.http import HttpRequest

from config.wire.console.fields import tidy
from config.wire.console.inlines import NestedInline
from experiments.admin import design_forms as forms
from experiments.models import Design, ExperimentList, Factor, Level, VariationLevel

COMPACT: Any = tidy(rows=1, cols=20) | {models.CharField: {"widget": TextInput(attrs={"size": 18})}}


class DesignInline(admin.StackedInline):
    model = Design
    form = forms.DesignForm
    formset = forms.DesignFormSet
    can_delete = False
    verbose_name = "Design: who is put into a condition, and what happens at the end"
    verbose_name_plural = "Design: who is put into a condition, and what happens at the end"
    fieldsets = (
        (None, {"fields": (("unit", "group_type"), ("consistency", "algorithm"), "filter_mode")}),
        ("Ending", {"fields": (("post_rule", "fallback"), ("ending_user_count", "ending_group_count"))}),
        (
            "Special designs",
            {
                "fields": ("type", "condition_order", "stratification_factor"),
                "classes": ("collapse",),
            },
        ),
    )


class ListInline(admin.TabularInline):
    model = ExperimentList
    formset = forms.ListFormSet
    fields = ("mode", "segment", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "list"
    verbose_name_plural = "Lists: people who are let in or kept out by name"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("segment")


class FactorInline(admin.TabularInline):
    model = Factor
    fields = ("name", "description", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name_plural = "Factors of the factorial design"


class LevelInline(NestedInline):
    model = Level
    formset = forms.LevelFormSet
    fields = ("factor", "name", "payload_type", "payload_value", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name_plural = "Levels of the factors"


class CombinationInline(NestedInline):
    model = VariationLevel
    formset = forms.CombinationFormSet
    fields = ("variation", "level")
    extra = 0
    verbose_name_plural = "Which levels make up which variation"


OF_A_FACTORIAL_DESIGN = (FactorInline, LevelInline, CombinationInline)
