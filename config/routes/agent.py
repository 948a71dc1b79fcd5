"""Every route of this dialect, in the document's order."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
