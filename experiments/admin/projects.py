"""A project: the keys its clients ask with, and the button that makes what is saved count."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from config.wire.console.buttons import Button
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from decisions import snapshots
from experiments import access, checks
from experiments.admin import mirrors
from experiments.errors import Invalid
from experiments.models import Experiment, Project, Publication

DIALECT_NAMES = (
    ("upgrade", "UpGrade clients"),
    ("testlab", "Test Lab clients"),
    ("experiment_api", "Experiment API"),
    ("agent", "Optimizely Agent and SDKs"),
)


class ProjectForm(forms.ModelForm):
    dialects = forms.MultipleChoiceField(
        label="Open to",
        choices=DIALECT_NAMES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Which clients may ask for this project.",
    )

    class Meta:
        model = Project
        fields = ("name", "key", "active", "sdk_key", "environment_key", "dialects", "requires_token")
        labels = {"active": "On", "sdk_key": "SDK key", "requires_token": "UpGrade clients need a token"}
        help_texts = {"environment_key": "What Optimizely clients are told about the environment."}

    def clean_sdk_key(self) -> str:
        key: str = self.cleaned_data["sdk_key"]
        try:
            checks.sdk_key(key)
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return key


def new_token(request: HttpRequest, project: Project, argument: str) -> str:
    token = access.renew(project=project)
    snapshots.announce(project_ids=[project.pk])
    return f"The access token of {project} is {token} – copy it now, it is shown this once."


def no_token(request: HttpRequest, project: Project, argument: str) -> str:
    access.remove(project=project)
    snapshots.announce(project_ids=[project.pk])
    return f"The datafile of {project} is open again to whoever knows its SDK key."


class PublicationInline(admin.TabularInline):
    model = Publication
    fields = readonly_fields = ("revision", "published_at", "published_by")
    ordering = ("-revision",)
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = "Published before"
    classes = ("collapse",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("document").select_related("project")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(SavesOnlyWhatChanged, Publishes):
    form = ProjectForm
    buttons = (Button("token", new_token), Button("tokenless", no_token))
    change_form_template = "console/project.html"
    change_list_template = "console/projects.html"
    list_display = ("name", "key", "active", "source", "experiments_running", "revision")
    list_filter = ("active", "source")
    search_fields = ("name", "key", "sdk_key__exact")
    readonly_fields = ("uid", "datafile_id", "source", "revision")
    fieldsets = (
        (None, {"fields": ("name", "key", "active")}),
        ("Who may ask, and with what", {"fields": ("dialects", "sdk_key", "environment_key", "requires_token")}),
        ("Facts", {"fields": ("uid", "datafile_id", "source", "revision"), "classes": ("collapse",)}),
    )

    def project_of(self, obj: Any) -> Project:
        return cast(Project, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        running = Count("experiments", filter=Q(experiments__status=Experiment.Status.RUNNING))
        return super().get_queryset(request).annotate(running=running)

    @admin.display(description="Running experiments", ordering="running")
    def experiments_running(self, project: Any) -> int:
        return int(project.running)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None else (PublicationInline,)

    def get_urls(self) -> list[URLPattern]:
        take_in = path("take-in/", self.admin_site.admin_view(self._take_in), name="experiments_project_take_in")
        return [take_in, *super().get_urls()]

    def _take_in(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request) or not self.has_change_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Mirror a datafile"}
        return mirrors.take_in(request, context)

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        snapshots.announce(project_ids=[obj.pk])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A project that was ever published has a history; it is switched off, not deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.revision == 0)

    def get_actions(self, request: HttpRequest) -> Any:
        return {}
