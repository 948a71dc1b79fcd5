"""Clients of `/oauth/token`. Their secret is made here, shown once, and kept as a hash."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from config.wire.console.buttons import Button, Buttons
from config.wire.console.fields import Words
from config.wire.console.saving import SavesOnlyWhatChanged
from experiments import access, clients
from experiments.models import ApiClient


class ApiClientForm(forms.ModelForm):
    scopes = Words()

    class Meta:
        model = ApiClient
        fields = ("client_id", "projects", "scopes", "expires_at")


def new_secret(request: HttpRequest, client: ApiClient, argument: str) -> str:
    secret = clients.renew(client=client)
    return f"The secret of {client} is {secret} – it is shown this once; the old one no longer works."


@admin.register(ApiClient)
class ApiClientAdmin(SavesOnlyWhatChanged, Buttons):
    form = ApiClientForm
    buttons = (Button("secret", new_secret),)
    change_form_template = "console/client.html"
    list_display = ("client_id", "of_projects", "expires_at", "last_used_at")
    search_fields = ("client_id",)
    filter_horizontal = ("projects",)
    fields = ("client_id", "projects", "scopes", "expires_at", "last_used_at", "created_at")
    readonly_fields = ("last_used_at", "created_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("projects")

    @admin.display(description="Projects")
    def of_projects(self, client: ApiClient) -> str:
        return ", ".join(str(project) for project in client.projects.all())

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        if not change:
            secret = clients.new_secret()
            obj.secret_hash = access.hash_of(secret)
            messages.warning(request, f"The secret of {obj} is {secret} – copy it now, it is shown this once.")
        super().save_model(request, obj, form, change)
