"""Saving what a form changed, and nothing else of the row."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest


class SavesOnlyWhatChanged(ModelAdmin):
    """Other processes write other columns of the same row (status, revision, flags of the decision).

    A form that was open for an hour must not put their old values back, so only the edited columns are written.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        edited = (columns & set(form.changed_data)) | set(getattr(form, "derived_columns", ()))
        if edited:
            obj.save(update_fields=[*edited, *({"updated_at"} & columns)])
