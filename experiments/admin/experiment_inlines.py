"""The parts of an experiment on its page, in the order in which a researcher thinks of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from config.wire.console.fields import tidy
from config.wire.console.inlines import NestedInline, SharedFormSet
from events.models import MetricQuery
from experiments.admin import experiment_forms as forms
from experiments.admin.design_inlines import COMPACT, DesignInline, ListInline
from experiments.models import (
    DecisionPoint,
    Payload,
    StatusChange,
    Variation,
)
from features.models import FlagRule

ROOMY: Any = tidy(rows=1, cols=50)


class VariationInline(admin.TabularInline):
    model = Variation
    form = forms.VariationForm
    formset = forms.VariationFormSet
    fields = ("key", "value", "weight", "is_control", "description", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name_plural = "Variations: what is compared. Weights are shares and add up to 1"

    def get_extra(self, request: HttpRequest, obj: Any = None, **options: Any) -> int:
        return 2 if obj is None else 0


class DecisionPointInline(admin.TabularInline):
    model = DecisionPoint
    form = forms.PointForm
    formset = forms.PointFormSet
    fields = ("site", "target", "exclude_if_reached", "description", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name_plural = "Decision points: where in the application it makes a difference"


class PayloadInline(NestedInline):
    model = Payload
    form = forms.PayloadForm
    formset = forms.PayloadFormSet
    fields = ("variation", "decision_point", "type", "value")
    formfield_overrides = ROOMY
    extra = 0
    verbose_name_plural = "Payloads: what a variation carries there (save new variations first)"


class FlagRuleFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["flag"].queryset = form.fields["flag"].queryset.filter(project=self.instance.project_id)


class FlagRuleInline(admin.TabularInline):
    model = FlagRule
    formset = FlagRuleFormSet
    fields = ("flag", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "flag"
    verbose_name_plural = "Flags that deliver it to Optimizely clients"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("flag", "experiment")


class MetricQueryFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["metric"].queryset = form.fields["metric"].queryset.filter(project=self.instance.project_id)


class MetricQueryInline(admin.TabularInline):
    model = MetricQuery
    form = forms.MetricQueryForm
    formset = MetricQueryFormSet
    fields = ("name", "metric", "operation", "compare_with", "compare_value", "repeated_measure", "position")
    formfield_overrides = COMPACT
    extra = 0
    verbose_name = "question"
    verbose_name_plural = "Questions put to the metrics"


class StatusChangeInline(admin.TabularInline):
    model = StatusChange
    fields = readonly_fields = ("changed_at", "from_status", "to_status", "changed_by")
    ordering = ("-changed_at", "-id")
    extra = max_num = 0
    can_delete = False
    classes = ("collapse",)
    verbose_name_plural = "What happened to its status"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("experiment")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


ON_A_NEW_PAGE = (VariationInline, DecisionPointInline)
ON_THE_PAGE = (
    VariationInline,
    DecisionPointInline,
    PayloadInline,
    DesignInline,
    ListInline,
    FlagRuleInline,
    MetricQueryInline,
    StatusChangeInline,
)
