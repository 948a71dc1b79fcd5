"""UpGrade's designs brought in by upload and given back as files; `decisions.designs` says what they mean."""

from datetime import UTC, datetime
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from config.wire.console import downloads
from config.wire.console.uploads import File, Files, set_aside, taken_back
from decisions.designs import exporting, importing, reading
from decisions.designs.importing import Report
from experiments.errors import DomainError
from experiments.models import Experiment

AS_IN_THE_FILE = ("", "As in the file")
STATES = (AS_IN_THE_FILE, *((each.value, each.label) for each in Experiment.Status))
LEAD = (
    "Designs that UpGrade exported: one experiment per file, an array of them, or a zip. Ids are kept, so every "
    "learner keeps the condition. Contexts become projects. All of it is stored, or nothing."
)

TRY, IMPORT = ("try", "Try it, store nothing"), ("import", "Import")


class DesignsForm(forms.Form):
    designs = Files(label="Files", required=False, help_text="JSON or zip; several may be chosen.")
    state = forms.ChoiceField(
        label="Status", choices=STATES, required=False, help_text="What every experiment ends as. Running starts it."
    )
    update = forms.BooleanField(
        label="Replace the design of experiments that are here",
        required=False,
        help_text="Who was given what is kept.",
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def bring_in(self, files: list[File], *, dry_run: bool, by: str) -> Report | None:
        """What was made, or would be; None when it was refused, and then the form says why."""
        try:
            return importing.import_designs(
                [design for name, content in files for design in reading.read(content, name=name)],
                state=self.cleaned_data["state"],
                update=self.cleaned_data["update"],
                dry_run=dry_run,
                now=datetime.now(UTC),
                by=by,
            )
        except DomainError as refusal:
            self.add_error(None, str(refusal))
            return None


def upload(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the form; try what was sent, or store it and go to the list."""
    form = DesignsForm(request.POST or None, request.FILES or None, label_suffix="")
    shown: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        files = form.cleaned_data["designs"] or taken_back(request, form.cleaned_data["kept"])
        dry_run = "import" not in request.POST
        if not files:
            form.add_error("designs", "Choose at least one file.")
        elif report := form.bring_in(files, dry_run=dry_run, by=request.user.get_username()):
            if not dry_run:
                return _done(request, report)
            shown = _tried(request, form, files, report)
    return render(request, "console/upload.html", {**context, **_page(form), **shown})


def _page(form: DesignsForm) -> dict[str, Any]:
    back = reverse("admin:experiments_experiment_changelist")
    return {"form": form, "lead": LEAD, "back": back, "buttons": [TRY, IMPORT]}


def _tried(request: HttpRequest, form: DesignsForm, files: list[File], report: Report) -> dict[str, Any]:
    """The same page with what would happen. The files are kept, so that they need not be chosen again."""
    given = {name: form.cleaned_data[name] for name in ("state", "update")}
    again = DesignsForm(initial={**given, "kept": set_aside(request, files)}, label_suffix="")
    again.fields["designs"].help_text = f"Kept from the trial: {', '.join(name for name, _ in files)}."
    title = "Nothing was stored. An import would bring:"
    told = {"title": title, "made": report.made, "notes": report.notes}
    return {"form": again, "report": told, "buttons": [IMPORT, TRY]}


def _done(request: HttpRequest, report: Report) -> HttpResponse:
    for line in report.made:
        messages.success(request, line)
    for line in report.notes:
        messages.warning(request, line)
    return HttpResponseRedirect(reverse("admin:experiments_experiment_changelist"))


def download(experiment: Experiment) -> HttpResponse:
    """The design as UpGrade imports it."""
    text = orjson.dumps(exporting.export(experiment=experiment), option=orjson.OPT_INDENT_2)
    return downloads.document(text, name=f"{experiment.uid}.json")
