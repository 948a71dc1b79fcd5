"""The page that takes in somebody else's datafile; `decisions.upstream.mirroring` says what may be taken in."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from decisions.upstream import mirroring
from experiments.errors import DomainError
from experiments.models import Project


class MirrorForm(forms.Form):
    sdk_key = forms.CharField(
        label="SDK key", max_length=128, help_text="What clients ask with. A mirrored project of this key is replaced."
    )
    key = forms.CharField(
        label="Key", max_length=255, required=False, help_text="What a new project is called; empty: like the SDK key."
    )
    datafile = forms.FileField(label="Datafile", help_text="A datafile of version 4, as SDKs download it (JSON).")
    is_lenient = forms.BooleanField(
        label="Take it even if some SDK would refuse it",
        required=False,
        help_text="What cannot be decided by is refused all the same.",
    )

    def clean_datafile(self) -> bytes:
        upload = self.cleaned_data["datafile"]
        if upload.size > settings.MAX_BODY_BYTES:
            raise forms.ValidationError(f"The file is larger than {settings.MAX_BODY_BYTES // 1024:,} kB.")
        body: bytes = upload.read()
        return body

    def take_in(self) -> Project | None:
        """The mirrored project; None when it was refused, and then the form says why."""
        given = self.cleaned_data
        try:
            return mirroring.take_in(
                body=given["datafile"],
                sdk_key=given["sdk_key"],
                key=given["key"],
                is_strict=not given["is_lenient"],
                now=datetime.now(UTC),
            )
        except DomainError as refusal:
            self.add_error("datafile", str(refusal).splitlines())
            return None


def take_in(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the form, or take in what was sent and go to the project's page."""
    known = {"sdk_key": request.GET.get("sdk_key", "")}
    form = MirrorForm(request.POST or None, request.FILES or None, initial=known, label_suffix="")
    project = form.take_in() if request.method == "POST" and form.is_valid() else None
    if project is None:
        return render(request, "console/take_in.html", {**context, "form": form})
    messages.success(
        request, f"Clients of {project} now decide by the datafile you sent (revision {project.revision})."
    )
    return HttpResponseRedirect(reverse("admin:experiments_project_change", args=[project.pk]))
