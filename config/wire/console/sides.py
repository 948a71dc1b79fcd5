"""Pages beside a row's own: they show something of it, change nothing, and are for whoever may look at the row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path


@dataclass(frozen=True, slots=True)
class Side:
    """`name` is the last word of its address; `show` gets the row and answers what its template wants."""

    name: str
    title: str
    template: str
    show: Callable[[HttpRequest, Any], Mapping[str, Any]]


class Sides(ModelAdmin):
    """Adds `<row>/<side>/` for each side page."""

    sides: tuple[Side, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        model = f"{self.opts.app_label}_{self.opts.model_name}"
        return [*(self._address(side, f"{model}_{side.name}") for side in self.sides), *super().get_urls()]

    def _address(self, side: Side, name: str) -> URLPattern:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            return self._show(request, object_id, side)

        return path(f"<path:object_id>/{side.name}/", self.admin_site.admin_view(view), name=name)

    def _show(self, request: HttpRequest, object_id: str, side: Side) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {
            "title": side.title,
            "subtitle": str(row),
            "opts": self.opts,
            "original": row,
        }
        return TemplateResponse(request, side.template, {**context, **side.show(request, row)})
