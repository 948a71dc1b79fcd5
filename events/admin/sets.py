"""Many metrics at once, described as UpGrade describes them; `events.metric_sets` says what that means."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from config.wire.console.fields import Json
from events import metric_sets
from events.models import Metric
from experiments.errors import Invalid
from experiments.models import Project

LEAD = (
    "A list of metrics as UpGrade's metric editor holds it: plain ones with a name, and attributes of the keys of a "
    "class, which may be nested. What is there already is kept; its categories become the ones described."
)
EXAMPLE = (
    '[{"metric": "totalProblems", "datatype": "continuous"}, {"groupClass": "workspace", "allowedKeys": ["level1"], '
    '"attributes": [{"metric": "completion", "datatype": "categorical", "allowedValues": ["GRADUATED", "PROMOTED"]}]}]'
)


class SetForm(forms.Form):
    project = forms.ModelChoiceField(Project.objects.filter(source=Project.Source.AUTHORED).order_by("name", "pk"))
    units = Json(label="Metrics", initial="", help_text=f"For example: {EXAMPLE}")

    def clean_units(self) -> Any:
        units = self.cleaned_data["units"]
        if isinstance(units, dict):
            units = units.get("metricUnit", units)
        if not isinstance(units, list) or not all(isinstance(unit, dict) for unit in units):
            raise forms.ValidationError("This should be a list of metrics, between [ and ].")
        return units

    def store(self) -> list[Metric] | None:
        """The metrics described; None when they were refused, and then the form says why."""
        try:
            return metric_sets.save(project=self.cleaned_data["project"], units=self.cleaned_data["units"])
        except Invalid as refusal:
            self.add_error("units", str(refusal))
            return None


def describe(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the form, or make what was described and go to the list."""
    form = SetForm(request.POST or None, label_suffix="")
    made = form.store() if request.method == "POST" and form.is_valid() else None
    back = reverse("admin:events_metric_changelist")
    if made is None:
        page = {"form": form, "lead": LEAD, "back": back, "buttons": [("store", "Store it")]}
        return render(request, "console/upload.html", {**context, **page})
    messages.success(request, f"{len(made)} metrics of {form.cleaned_data['project']} are as described.")
    return HttpResponseRedirect(back)
