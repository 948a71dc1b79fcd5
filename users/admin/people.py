"""One person: ids, groups, and every arm that was given. Preview users are the researchers' own and may be edited."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.wire.console.inlines import SharedFormSet
from config.wire.console.ownership import StaysInItsProject
from config.wire.console.paging import Long
from config.wire.console.publishing import Publishes
from config.wire.console.readonly import NeverEdited
from experiments.models import Experiment, Variation
from users.models import Assignment, ExperimentUser, ForcedAssignment, PreviewUser, StratumValue, UserAlias

MOST_SHOWN = 100


class Shown(admin.TabularInline):
    """Rows that are part of the picture and cannot be edited."""

    extra = max_num = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AliasInline(Shown):
    model = UserAlias
    fields = readonly_fields = ("alias", "created_at")
    verbose_name_plural = "Other ids of the same person"


class StratumInline(Shown):
    model = StratumValue
    fields = readonly_fields = ("factor", "value")
    verbose_name_plural = "Strata"


@admin.register(ExperimentUser)
class ExperimentUserAdmin(NeverEdited, Long):
    list_display = ("external_id", "groups", "working_groups", "created_at")
    search_fields = ("external_id__exact", "aliases__alias__exact")
    search_help_text = "The whole id of a person, or one of their aliases."
    fields = ("external_id", "arms", "groups", "working_groups", "ip_address", "created_at", "updated_at")
    readonly_fields = ("arms",)
    inlines = (AliasInline, StratumInline)

    @admin.display(description="What was given to them")
    def arms(self, person: ExperimentUser) -> SafeString:
        given = Assignment.objects.filter(unit_type="user", unit_id=person.external_id).order_by("-id")
        rows = given.select_related("experiment", "variation")[:MOST_SHOWN]
        lines = (
            (
                row.experiment,
                row.variation or "–",
                row.get_method_display(),
                date_format(row.assigned_at, "DATETIME_FORMAT"),
            )
            for row in rows
        )
        shown = format_html_join("", "<li>{}: <b>{}</b> ({}, {})</li>", lines)
        return format_html("<ul>{}</ul>", shown) if shown else format_html("nothing yet")


class ForcedFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["experiment"].queryset = Experiment.objects.filter(project=self.instance.project_id)
        form.fields["variation"].queryset = Variation.objects.filter(experiment__project=self.instance.project_id)

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            arm, experiment = form.cleaned_data.get("variation"), form.cleaned_data.get("experiment")
            if arm and experiment and arm.experiment_id != experiment.pk:
                form.add_error("variation", f"“{arm}” is not a variation of “{experiment}”.")


class ForcedInline(admin.TabularInline):
    model = ForcedAssignment
    formset = ForcedFormSet
    fields = ("experiment", "variation")
    extra = 0
    verbose_name_plural = "What they get in preview, whatever the draw says"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("preview_user", "variation", "experiment")


@admin.register(PreviewUser)
class PreviewUserAdmin(StaysInItsProject, Publishes):
    list_display = ("external_id", "project")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("external_id",)
    fields = ("project", "external_id")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None else (ForcedInline,)
