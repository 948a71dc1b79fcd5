"""The event log: read only, newest first, never counted, searched by a person's id."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest

from config.wire.console.paging import Long
from config.wire.console.readonly import NeverEdited
from events.models import Event, Exposure, MetricLog, Quarantine
from experiments.models import Experiment, Project, Variation

SOURCES = ("upgrade", "testlab", "experiment_api", "agent")


class ByProject(admin.SimpleListFilter):
    title = "project"
    parameter_name = "project_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(pk), name) for pk, name in Project.objects.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset.filter(project_id=chosen) if chosen and chosen.isdecimal() else queryset


class BySource(admin.SimpleListFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, name) for name in SOURCES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(source=self.value()) if self.value() else queryset


def named(model: Any, name: str, by: str) -> Subquery:
    """The name of the row that a column without foreign key points to."""
    return Subquery(model.objects.filter(pk=OuterRef(by)).values(name)[:1])


def shown(attribute: str, description: str) -> Callable[[Any, Any], str]:
    @admin.display(description=description)
    def column(self: Any, row: Any) -> str:
        return str(getattr(row, attribute) or "")

    return column


class Log(NeverEdited, Long):
    list_filter = (ByProject, BySource)
    search_fields = ("user_id__exact",)
    search_help_text = "The whole id of a person."
    project = shown("project_name", "Project")
    experiment = shown("experiment_name", "Experiment")
    variation = shown("arm", "Variation")

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .annotate(
                project_name=named(Project, "name", "project_id"),
                experiment_name=named(Experiment, "name", "experiment_id"),
                arm=named(Variation, "key", "variation_id"),
            )
        )


@admin.register(Event)
class EventAdmin(Log):
    list_display = ("received_at", "kind", "key", "user_id", "project", "experiment", "variation", "value", "source")


@admin.register(Exposure)
class ExposureAdmin(Log):
    list_display = ("received_at", "user_id", "project", "experiment", "variation", "flag_key", "source")


@admin.register(MetricLog)
class MetricLogAdmin(NeverEdited, Long):
    list_display = ("logged_at", "user_id", "uniquifier", "created_at")
    list_filter = (ByProject,)
    search_fields = ("user_id__exact",)
    search_help_text = "The whole id of a person."


@admin.register(Quarantine)
class QuarantineAdmin(NeverEdited, Long):
    list_display = ("received_at", "source", "reason")
    list_filter = (BySource,)
