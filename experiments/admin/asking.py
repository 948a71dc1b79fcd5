"""The page that asks what one person gets of an experiment, and why."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpRequest

from config.wire.console.sides import Side
from decisions import asking
from experiments.errors import Invalid
from experiments.models import Experiment


class Question(forms.Form):
    user = forms.CharField(label="Person", help_text="The id that clients send, or an alias of it.")
    attributes = forms.JSONField(
        required=False,
        help_text='What the client would say of them, such as {"country": "DE"}. Empty: nothing.',
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "class": "console-json", "spellcheck": "false"}),
    )

    def clean_attributes(self) -> dict[str, object]:
        sent = self.cleaned_data["attributes"]
        if sent is not None and not isinstance(sent, dict):
            raise forms.ValidationError("Attributes are one JSON object.")
        return sent or {}


def show(request: HttpRequest, experiment: Experiment) -> dict[str, Any]:
    question = Question(request.GET if "user" in request.GET else None)
    return {"question": question, "told": _told(experiment, question)}


def _told(experiment: Experiment, question: Question) -> asking.Told | None:
    if not question.is_valid():
        return None
    sent: dict[str, Any] = question.cleaned_data
    try:
        return asking.of_person(
            experiment=experiment, user_id=sent["user"], attributes=sent["attributes"], now=datetime.now(UTC)
        )
    except Invalid as refusal:
        question.add_error("user", str(refusal))
        return None


ASK = Side("ask", "Who gets what", "console/ask.html", show)
