"""Stratification factors: brought in as a table, looked at, given back, dropped. `users.strata` says what they mean."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from config.wire.console import downloads
from config.wire.console.paging import Long
from config.wire.console.readonly import NeverEdited
from config.wire.console.uploads import Files
from experiments.errors import Invalid
from users import strata
from users.models import StratumValue
from users.strata import Report

LEAD = (
    "A table (CSV) whose first column holds user ids, and every further column one factor, named in its first "
    "line. Who is not known yet is made known. An empty cell changes nothing."
)


class StrataForm(forms.Form):
    table = Files(label="Table", help_text="For example: uuid,prior_knowledge – and below: student1,high")

    def store(self) -> Report | None:
        """What was stored; None when it was refused, and then the form says why."""
        try:
            lines = [line for name, content in self.cleaned_data["table"] for line in strata.read(_text(name, content))]
            return strata.store(lines)
        except Invalid as refusal:
            self.add_error("table", str(refusal))
            return None


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{name} is not UTF-8 text.") from error


@admin.register(StratumValue)
class StratumValueAdmin(NeverEdited, Long):
    change_list_template = "console/strata.html"
    list_display = ("user", "factor", "value")
    list_select_related = ("user",)
    search_fields = ("user__external_id__exact", "factor__exact")
    search_help_text = "The whole id of a person, or the whole name of a factor."

    def get_urls(self) -> list[URLPattern]:
        def at(way: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(way, self.admin_site.admin_view(view), name=f"users_stratumvalue_{name}")

        mine = [
            at("upload/", self._upload, "upload"),
            at("table.csv", self._table, "table"),
            at("forget/", self._forget, "forget"),
        ]
        return mine + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        mine = {"sizes": strata.sizes(), "may_upload": may_upload(request), "title": "Stratification factors"}
        return super().changelist_view(request, {**(extra_context or {}), **mine})

    def _upload(self, request: HttpRequest) -> HttpResponse:
        _require(may_upload(request))
        form = StrataForm(request.POST or None, request.FILES or None, label_suffix="")
        report = form.store() if request.method == "POST" and form.is_valid() else None
        back = reverse("admin:users_stratumvalue_changelist")
        if report is None:
            context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Upload a table of factors"}
            page = {"form": form, "lead": LEAD, "back": back, "buttons": [("store", "Store it")]}
            return render(request, "console/upload.html", {**context, **page})
        factors = ", ".join(report.factors) or "no factor"
        messages.success(
            request, f"{report.values} values of {factors} were stored; {report.people} people were unknown so far."
        )
        return HttpResponseRedirect(back)

    def _table(self, request: HttpRequest) -> StreamingHttpResponse:
        _require(self.has_view_permission(request))
        return downloads.table(strata.table(factor=request.GET.get("factor", "")), name="strata.csv")

    def _forget(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        _require(may_upload(request))
        factor = request.POST.get("factor", "")
        messages.success(request, f"{strata.forget(factor=factor)} values of {factor} were dropped.")
        return HttpResponseRedirect(reverse("admin:users_stratumvalue_changelist"))


def may_upload(request: HttpRequest) -> bool:
    return bool(request.user.has_perms(("users.add_stratumvalue", "users.change_stratumvalue")))


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied
