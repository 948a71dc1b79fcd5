"""Events that SDKs may track, and the metrics and questions of experiments."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from config.wire.console.fields import Words
from config.wire.console.ownership import OwnedForm, StaysInItsProject
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from events.admin import sets
from events.models import EventDefinition, Metric


@admin.register(EventDefinition)
class EventDefinitionAdmin(StaysInItsProject, SavesOnlyWhatChanged, Publishes):
    list_display = ("key", "project", "description", "datafile_id")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("key",)
    fields = ("project", "key", "description", "datafile_id")
    readonly_fields = ("datafile_id",)


class MetricForm(OwnedForm):
    allowed_values = Words(help_text="For categories: which there are, with commas between them.")

    class Meta:
        model = Metric
        fields = ("project", "key", "type", "allowed_values")

    def clean(self) -> Any:
        data = super().clean() or {}
        if data.get("type") == Metric.Type.CATEGORICAL and not data.get("allowed_values"):
            self.add_error("allowed_values", "Name the categories.")
        return data


@admin.register(Metric)
class MetricAdmin(StaysInItsProject, SavesOnlyWhatChanged):
    form = MetricForm
    change_list_template = "console/metrics.html"
    list_display = ("key", "project", "type", "categories")
    list_filter = ("type", "project")
    list_select_related = ("project",)
    search_fields = ("key",)

    def get_urls(self) -> list[URLPattern]:
        describe = path("describe/", self.admin_site.admin_view(self._describe), name="events_metric_describe")
        return [describe, *super().get_urls()]

    def _describe(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request) or not self.has_change_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Describe many metrics at once"}
        return sets.describe(request, context)

    @admin.display(description="Categories")
    def categories(self, metric: Metric) -> str:
        return ", ".join(map(str, metric.allowed_values))
