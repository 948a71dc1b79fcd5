"""Segments: a rule, members and other segments. Large member lists are not edited row by row."""

from itertools import chain
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.wire.console.fields import Json, Words, tidy
from config.wire.console.ownership import OwnedForm, StaysInItsProject
from config.wire.console.paging import Long
from config.wire.console.publishing import Publishes
from config.wire.console.saving import SavesOnlyWhatChanged
from config.wire.console.uploads import Files
from decisions import audiences
from experiments import members, selectors
from experiments.errors import Invalid
from experiments.models import Segment, SegmentMember

INLINE_AT_MOST = 100

RULE_HELP = (
    'A list that begins with "and", "or" or "not"; inside are conditions or further lists. For example '
    '["and", {"name": "country", "match": "exact", "value": "NL"}, {"name": "age", "match": "ge", "value": 12}]. '
    "Matches: exact, substring, exists, gt, ge, lt, le, semver_eq and its kin. [] is no rule."
)


class SegmentForm(OwnedForm):
    rule = Json(required=False, help_text=RULE_HELP)
    tags = Words()
    more_members = forms.CharField(
        label="Add members",
        required=False,
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text="One id per line; for a group write its type first, as in classId: 7b. Known ones are skipped.",
    )

    member_file = Files(
        label="Add members from a file", required=False, help_text="Written in the same way; for long lists."
    )

    class Meta:
        model = Segment
        fields = ("project", "name", "description", "kind", "list_type", "rule", "children", "tags")
        labels = {"children": "Segments"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None and "children" in self.fields:
            field: Any = self.fields["children"]
            field.queryset = field.queryset.filter(project=self.instance.project_id).exclude(pk=self.instance.pk)

    def clean(self) -> Any:
        data = super().clean() or {}
        project = data.get("project") or getattr(self.instance, "project", None)
        others = Segment.objects.filter(project=project, kind=Segment.Kind.GLOBAL_EXCLUDE).exclude(pk=self.instance.pk)
        if data.get("kind") == Segment.Kind.GLOBAL_EXCLUDE and others.exists():
            self.add_error("kind", "The project has its global exclude already; add the members to that one.")
        return data

    def clean_rule(self) -> Any:
        rule = self.cleaned_data.get("rule")
        rule = [] if rule is None else rule
        try:
            audiences.check_rule(rule)
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return rule

    def clean_more_members(self) -> Any:
        try:
            return members.read(self.cleaned_data.get("more_members", ""))
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean_member_file(self) -> Any:
        try:
            files = self.cleaned_data.get("member_file") or []
            return [unit for _, content in files for unit in members.read(content.decode("utf-8-sig"))]
        except UnicodeDecodeError as error:
            raise forms.ValidationError("This is not UTF-8 text.") from error
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class MemberInline(admin.TabularInline):
    model = SegmentMember
    fields = ("unit_type", "unit_id")
    extra = 0
    verbose_name = "member"
    verbose_name_plural = "Members by id"


def _is_large(segment: Segment) -> bool:
    return len(segment.members.values_list("pk")[: INLINE_AT_MOST + 1]) > INLINE_AT_MOST


@admin.register(Segment)
class SegmentAdmin(StaysInItsProject, SavesOnlyWhatChanged, Publishes):
    form = SegmentForm
    formfield_overrides = tidy()
    list_display = ("name", "project", "kind", "has_rule", "with_members")
    list_filter = ("kind", "project")
    list_select_related = ("project",)
    search_fields = ("name", "uid")
    filter_horizontal = ("children",)
    readonly_fields = ("size", "uid", "datafile_id")
    fieldsets = (
        (None, {"fields": ("project", "name", "description", "kind")}),
        ("Who is in it: everybody who passes the rule …", {"fields": ("rule",)}),
        ("… and everybody in these segments …", {"fields": ("children",)}),
        ("… and these members", {"fields": ("size", "more_members", "member_file")}),
        ("Facts", {"fields": ("list_type", "tags", "uid", "datafile_id"), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related("project")
            .annotate(has_members=Exists(SegmentMember.objects.filter(segment=OuterRef("pk"))))
        )

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return (MemberInline,) if obj is not None and not _is_large(obj) else ()

    @admin.display(description="Rule", boolean=True)
    def has_rule(self, segment: Segment) -> bool:
        return bool(segment.rule)

    @admin.display(description="Members", boolean=True)
    def with_members(self, segment: Any) -> bool:
        return bool(segment.has_members)

    @admin.display(description="Members")
    def size(self, segment: Segment) -> str:
        if segment.pk is None or not _is_large(segment):
            return "listed below" if segment.pk else ""
        address = reverse("admin:experiments_segmentmember_changelist")
        return format_html(
            'more than {}: <a href="{}?segment__id__exact={}">search them</a>', INLINE_AT_MOST, address, segment.pk
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        brought = (form.cleaned_data.get(name) or [] for name in ("more_members", "member_file"))
        members.add(segment=form.instance, units=chain.from_iterable(brought))
        unknown = selectors.unknown_attributes(
            project=form.instance.project, keys=audiences.attributes_in(form.instance.rule)
        )
        if unknown:
            names = ", ".join(unknown)
            messages.warning(request, f"The project has no attribute called {names} yet; SDKs send only known ones.")


@admin.register(SegmentMember)
class SegmentMemberAdmin(Long):
    """The way into segments too large for their page: search for one person or group, remove them."""

    list_display = ("unit_id", "unit_type", "segment")
    list_select_related = ("segment",)
    search_fields = ("unit_id__exact",)
    search_help_text = "The whole id of a person or group."
    readonly_fields = fields = ("segment", "unit_type", "unit_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
