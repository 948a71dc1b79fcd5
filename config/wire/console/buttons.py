"""Buttons that do something: POST, with a CSRF token, checked for permission, refusals told in plain words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from experiments.errors import DomainError


@dataclass(frozen=True, slots=True)
class Button:
    """`press` gets the row and answers what to tell the researcher; `name` is the last word of its address."""

    name: str
    press: Callable[[HttpRequest, Any, str], str]


class Buttons(ModelAdmin):
    """Adds `<row>/do/<button>/<argument>/` for each button, for POST and for those who may change the row only."""

    buttons: tuple[Button, ...] = ()

    @property
    def all_buttons(self) -> tuple[Button, ...]:
        return self.buttons

    def address_of(self, obj: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        pressed = self.admin_site.admin_view(self._pressed)
        mine = [
            path("<path:object_id>/do/<slug:button>/<slug:argument>/", pressed, name=f"{name}_do"),
            path("<path:object_id>/do/<slug:button>/", pressed, name=f"{name}_press"),
        ]
        return mine + super().get_urls()

    def _pressed(self, request: HttpRequest, object_id: str, button: str, argument: str = "") -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        self._press(request, obj, button, argument)
        return HttpResponseRedirect(self.address_of(obj))

    def _press(self, request: HttpRequest, obj: Any, name: str, argument: str) -> None:
        button = next((each for each in self.all_buttons if each.name == name), None)
        if button is None:
            raise PermissionDenied
        if told(request, lambda: button.press(request, obj, argument)):
            self.log_change(request, obj, " ".join(filter(None, ("Pressed", name, argument))) + ".")


def told(request: HttpRequest, do: Callable[[], str]) -> bool:
    """Do it and tell what happened; a refusal of the domain is told as an error. True when it was done."""
    try:
        messages.success(request, do())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return False
    return True
