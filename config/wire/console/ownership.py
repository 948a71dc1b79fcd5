"""What belongs to a project stays in it: the project is chosen once, and keys are unique within it."""

from typing import Any, cast

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest


class OwnedForm(forms.ModelForm):
    """A project that is shown and not edited still counts when constraints such as "one key per project" are checked.

    Django leaves constraints over fields that are not in the form to the database, which would answer with a crash.
    """

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = cast(Any, super())._get_validation_exclusions()
        return excluded - {"project"}


class StaysInItsProject(ModelAdmin):
    form: Any = OwnedForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        given = super().get_readonly_fields(request, obj)
        return given if obj is None else ("project", *given)
