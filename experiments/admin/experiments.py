"""The page of an experiment: its parts, its status buttons, and who sees it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html

from config.wire.console.buttons import Button
from config.wire.console.fields import tidy
from config.wire.console.ownership import StaysInItsProject
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from config.wire.console.sides import Sides
from decisions import drafts, lifecycle, visibility
from experiments.admin import designs, outcomes
from experiments.admin.asking import ASK
from experiments.admin.design_inlines import OF_A_FACTORIAL_DESIGN
from experiments.admin.experiment_forms import ExperimentForm
from experiments.admin.experiment_inlines import ON_A_NEW_PAGE, ON_THE_PAGE
from experiments.admin.outcomes import RESULTS
from experiments.models import Design, Experiment

Status = Experiment.Status

# What the button for each status says, and in which order the buttons stand.
VERBS: dict[str, str] = {
    Status.RUNNING: "Start",
    Status.PAUSED: "Pause",
    Status.PREVIEW: "Preview",
    Status.SCHEDULED: "Schedule",
    Status.INACTIVE: "Stop",
    Status.COMPLETED: "Complete",
    Status.DRAFT: "Back to draft",
    Status.ARCHIVED: "Archive",
}
VERBS_FROM = {
    (Status.PAUSED, Status.RUNNING): "Resume",
    (Status.COMPLETED, Status.RUNNING): "Start again",
    (Status.DRAFT, Status.INACTIVE): "Design is finished",
    (Status.ARCHIVED, Status.INACTIVE): "Take out of the archive",
}


def change_status(request: HttpRequest, experiment: Experiment, to: str) -> str:
    if to not in VERBS:
        raise PermissionDenied
    changed = lifecycle.change_status(
        experiment=experiment, to=to, now=datetime.now(UTC), by=request.user.get_username()
    )
    return f"{changed} is now “{changed.get_status_display()}”, and everything saved in {changed.project} is published."


def steps_from(status: str) -> list[tuple[str, str]]:
    """(status, verb) for every button that may be pressed."""
    allowed = lifecycle.TRANSITIONS[status]
    return [(to, VERBS_FROM.get((Status(status), Status(to)), verb)) for to, verb in VERBS.items() if to in allowed]


@admin.register(Experiment)
class ExperimentAdmin(StaysInItsProject, SavesOnlyWhatChanged, Sides, Publishes):
    form = ExperimentForm
    formfield_overrides = tidy()
    buttons = (Button("status", change_status),)
    sides = (RESULTS, ASK)
    change_form_template = "console/experiment.html"
    change_list_template = "console/experiments.html"
    list_display = ("name", "project", "status_badge", "kind", "arms", "places", "last_activated_at")
    list_filter = ("status", "project", "kind")
    list_select_related = ("project",)
    search_fields = ("name", "key", "uid")
    list_per_page = 50
    ordering = ("-created_at", "-id")
    readonly_fields = (
        "uid",
        "datafile_id",
        "created_at",
        "last_activated_at",
        "last_deactivated_at",
        "remembers_other_arms",
    )
    fieldsets = (
        (None, {"fields": ("project", "name", "key", "kind")}),
        ("What you want to learn", {"fields": ("description", "hypothesis", "tags")}),
        ("Who takes part", {"fields": ("traffic", "audience", ("exclusion_group", "exclusion_share"))}),
        ("When", {"fields": (("starts_at", "ends_at"),)}),
        (
            "Facts",
            {
                "fields": (
                    ("uid", "datafile_id"),
                    ("created_at", "last_activated_at", "last_deactivated_at"),
                    "bucketing",
                    "remembers_other_arms",
                ),
                "classes": ("collapse",),
            },
        ),
    )
    new_fieldsets = (
        (None, {"fields": ("project", "name", "key", "kind")}),
        ("What you want to learn", {"fields": ("description", "hypothesis")}),
    )

    def get_urls(self) -> list[URLPattern]:
        def at(way: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(way, self.admin_site.admin_view(view), name=f"experiments_experiment_{name}")

        mine = [
            at("designs/", self._designs, "designs"),
            at("<int:pk>/enrolments.csv", self._enrolments, "enrolments"),
            at("<int:pk>/design.json", self._design, "design"),
        ]
        return mine + super().get_urls()

    def _designs(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request) or not self.has_change_permission(request):
            raise PermissionDenied
        return designs.upload(request, self._context(request, "Import UpGrade designs"))

    def _enrolments(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return outcomes.enrolments(self._seen(request, pk))

    def _design(self, request: HttpRequest, pk: int) -> HttpResponse:
        return designs.download(self._seen(request, pk))

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title}

    def _seen(self, request: HttpRequest, pk: int) -> Experiment:
        experiment = get_object_or_404(Experiment.objects.select_related("project", "design__fallback"), pk=pk)
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        return experiment

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.new_fieldsets if obj is None else self.fieldsets

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return ON_A_NEW_PAGE
        factorial = Design.objects.filter(experiment=obj, type=Design.Type.FACTORIAL).exists()
        return (*ON_THE_PAGE[:2], *OF_A_FACTORIAL_DESIGN, *ON_THE_PAGE[2:]) if factorial else ON_THE_PAGE

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        options = super().get_formset_kwargs(request, obj, inline, prefix)
        if obj.pk is None and prefix == "variations":
            options["initial"] = [
                {"key": "control", "weight": "0.5", "is_control": True, "position": 1},
                {"key": "treatment", "weight": "0.5", "position": 2},
            ]
        return options

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("project", "audience", "exclusion_group")
        return rows.annotate(arm_count=Count("variations", distinct=True), point_count=Count("points", distinct=True))

    @admin.display(description="Status", ordering="status")
    def status_badge(self, experiment: Experiment) -> str:
        return format_html(
            '<span class="console-badge console-{}">{}</span>', experiment.status, experiment.get_status_display()
        )

    @admin.display(description="Variations")
    def arms(self, experiment: Any) -> int:
        return int(experiment.arm_count)

    @admin.display(description="Decision points")
    def places(self, experiment: Any) -> int:
        return int(experiment.point_count)

    def more_context(self, request: HttpRequest, obj: Any, draft: drafts.Draft) -> dict[str, Any]:
        sights = visibility.of_experiment(
            experiment=obj, draft=draft, testlab_project=settings.TESTLAB_PROJECT, now=datetime.now(UTC)
        )
        return {"sights": sights, "steps": steps_from(obj.status)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was ever given to somebody is history: it is archived, not deleted."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or (obj.last_activated_at is None and not obj.assignments.exists()))

    def get_actions(self, request: HttpRequest) -> Any:
        return {}
